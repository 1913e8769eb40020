"""The view of one session: its transcript drawn line by line.

`transcript_view.TranscriptView` is the widget, `clock.FrameClock` tells all of them when to
draw. Everything else here is pure: text in, lines out.
"""
