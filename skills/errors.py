"""Every error of `skills/` that a user may read.

    SkillError        says what is wrong and why (`str(error)`), and what to do (`hint`)
    ├── Unreadable    a SKILL.md can't be read at all
    ├── Refused       a folder or an archive is not taken in; `entry` names what offends
    │   ├── Taken     there is a skill of that name already
    │   └── Several   there is more than one skill in it
    ├── NotThere      no skill of that name
    └── NeedsReview   the skill may not be used before a person has looked at it

They have the shape of `sessions.errors.AgentdeckError`; the command line turns one into the other.
"""

from __future__ import annotations


class SkillError(Exception):
    """Says what is wrong and why (`str(error)`), and what to do (`hint`)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Unreadable(SkillError):
    """A SKILL.md that can't be read; `rule` is the validator's name for what is wrong."""

    def __init__(self, message: str, hint: str = "", *, rule: str = "unreadable") -> None:
        super().__init__(message, hint)
        self.rule = rule


class Refused(SkillError):
    """A folder or an archive is not taken in; `entry` is the file in it that offends."""

    def __init__(self, message: str, hint: str = "", *, entry: str = "") -> None:
        super().__init__(message, hint)
        self.entry = entry


class Taken(Refused):
    """There is a skill of that name already; `entry` is the name."""


class Several(Refused):
    """There is more than one skill in it; `names` are what each may be asked for by."""

    def __init__(self, message: str, hint: str, names: list[str]) -> None:
        super().__init__(message, hint)
        self.names = names


class NotThere(SkillError):
    """No skill of that name."""


class NeedsReview(SkillError):
    """The skill may not be used before a person has looked at it."""
