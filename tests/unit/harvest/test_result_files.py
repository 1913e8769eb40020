"""Names for people, of what tools and agents hand over."""

from __future__ import annotations

from sessions.harvest.byproducts import byproducts
from sessions.record import events as ev


def shown(turn: int, path: str) -> ev.Event:
    """A picture that stands in an agent's answer."""
    signals = {"marked": False}
    return ev.Byproduct(kind="picture", path=path, origin={"turn": turn}, signals=signals)


def test_a_picture_in_an_answer_is_called_after_what_was_asked() -> None:
    first, second, third = (f"{digit * 32}.png" for digit in "abc")
    events = [
        ev.UserMessage(turn=1, text="Draw the tides of /home/ada/bay.csv, for ada@example.org!"),
        shown(1, first),
        shown(1, second),
        shown(1, first),
        shown(1, "docs/plan.png"),
        ev.UserMessage(turn=2, text="再来一张"),
        shown(2, third),
    ]
    found = [f for f in byproducts("s", events) if f.kind == "picture"]
    names = ["draw-the-tides-of-for.png", "draw-the-tides-of-for-2.png", "plan.png", "picture.png"]
    assert [f.name for f in found] == names
    assert [f.path for f in found] == [first, second, "docs/plan.png", third]
