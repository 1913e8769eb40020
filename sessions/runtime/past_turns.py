"""The turns of a session as they were: what began each, where it ended, what it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.api.answers import TurnShown


class PastTurns:
    """A fold of a session's events."""

    def __init__(self) -> None:
        self.messages: dict[int, ev.UserMessage] = {}
        """The message that began each turn, so that it can be asked again."""
        self.ends: dict[int, int] = {}
        """The `seq` of each turn's end."""
        self.changed_files: dict[int, list[str]] = {}
        """The files that tools changed in each turn, in order, each once."""

    def apply(self, event: ev.Event) -> None:
        """Take one event in."""
        if isinstance(event, ev.UserMessage):
            self.messages.setdefault(event.turn, event)
        elif isinstance(event, ev.TurnEnded):
            self.ends[event.turn] = event.seq
        elif isinstance(event, ev.FileChanged):
            files = self.changed_files.setdefault(event.turn, [])
            if event.path not in files:
                files.append(event.path)

    def listed(self, undone: Callable[[int], bool]) -> list[TurnShown]:
        """Every turn, oldest first. `undone`: whether it is no part of the conversation now."""
        return [
            {
                "turn": number,
                "at": message.at,
                "text": message.text,
                "origin": message.origin,
                "files": list(self.changed_files.get(number, ())),
                "ended": number in self.ends,
                "undone": undone(number),
            }
            for number, message in sorted(self.messages.items())
        ]
