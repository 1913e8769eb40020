"""What is said of lines, collected until it goes to the session as one message."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = "I have reviewed your changes. Please see to these comments:"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `old`, `new`: the line's number before and after, 0 where it is not there."""

    path: str
    old: int
    new: int
    line: str
    text: str

    @property
    def place(self) -> str:
        """File and line, as an editor would take it; a line that is gone is said to be."""
        if self.new:
            return f"{self.path}:{self.new}"
        return f"{self.path}:{self.old} (a line that you removed)"


class Comments:
    """The comments on one session's changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int], Comment] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, comment: Comment) -> None:
        """Say something of a line, instead of what was said before; nothing takes it away."""
        key = (comment.path, comment.old, comment.new)
        if comment.text.strip():
            self._kept[key] = comment
        else:
            self._kept.pop(key, None)

    def text(self, path: str, old: int, new: int) -> str:
        """What was said of a line."""
        found = self._kept.get((path, old, new))
        return found.text if found else ""

    def said(self) -> dict[tuple[str, int, int], str]:
        """What was said, by path, old and new number."""
        return {key: comment.text for key, comment in self._kept.items()}

    def message(self) -> str:
        """All of them as one message to the session."""
        ordered = sorted(self._kept.values(), key=lambda c: (c.path, c.new or c.old))
        parts = [
            f"{number}. {c.place}\n   > {c.line.strip()[:300]}\n   {c.text.strip()}"
            for number, c in enumerate(ordered, 1)
        ]
        return "\n\n".join([_HEAD, *parts])

    def clear(self) -> None:
        """They were sent."""
        self._kept.clear()
