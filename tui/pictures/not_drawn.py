"""What becomes of a picture that can't be drawn."""


class NotDrawn(Exception):
    """This picture can't be drawn here; the message says why."""
