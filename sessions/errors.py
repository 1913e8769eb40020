"""Every error that a user may read, in one tree.

    AgentdeckError            the work failed (exit code 1)
    ├── UsageError            wrong usage or configuration (exit code 2)
    ├── NeedsPerson           a permission or a limit needs a person (exit code 3)
    ├── BackendError          what answers could not answer
    │   └── LimitLasts        … before a time that it names
    ├── JournalError          a session's record can't be read or written
    ├── EventRefused          an event holds what no record can; a fault of that event alone
    ├── NotFound              no such session, skill, backend, model
    └── EngineError           the engine can't be reached, or is of another version

`skills/` has its own, `skills.errors.SkillError`, with the same shape.
"""

from __future__ import annotations

import errno
from datetime import datetime
from typing import Literal

FaultKind = Literal[
    "invalid", "auth", "billing", "not_found", "network", "server", "too_large", "rate_limit",
    "overloaded", "tls", "stalled", "truncated", "setup", "memory", "protocol", "local_crash",
]  # fmt: skip
"""What can go wrong on the way to a model and back; see `sessions.backends.faults`."""
ErrorKind = Literal[
    FaultKind,
    "error", "internal", "record", "lost",
    "backend", "refusal", "no_tools", "trimmed", "no_model", "compaction",
    "agent", "agent_ended", "agent_missing", "agent_hangs", "agent_mode", "agent_past",
    "mcp", "skill", "rule", "landing", "worktree",
]  # fmt: skip
"""What an error is of; internal: a fault of ours, record: what came can't be recorded, lost: where
it lived is gone, trimmed: a conversation was cut for a small model, agent_past: what an agent does
not know of before."""


class AgentdeckError(Exception):
    """Says what is wrong and why (`str(error)`), and what to do (`hint`)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(AgentdeckError):
    """Wrong usage or configuration."""

    exit_code = 2


class NeedsPerson(AgentdeckError):
    """Stopped because a permission or a limit needs a person."""

    exit_code = 3


class BackendError(AgentdeckError):
    """What answers could not answer; `kind` names the fault as in the `error` event."""

    def __init__(self, message: str, hint: str = "", *, kind: ErrorKind = "backend") -> None:
        super().__init__(message, hint)
        self.kind: ErrorKind = kind


class LimitLasts(BackendError):
    """A limit lasts longer than a turn waits. `until`: when it ends, with its time zone."""

    def __init__(
        self, message: str, hint: str = "", *, until: datetime, kind: ErrorKind = "rate_limit"
    ) -> None:
        super().__init__(message, hint, kind=kind)
        self.until = until


class JournalError(AgentdeckError):
    """A session's record can't be read or written. `reason`: why, in a few words."""

    def __init__(self, message: str, hint: str = "", reason: str = "the disk refuses") -> None:
        super().__init__(message, hint)
        self.reason = reason


class EventRefused(AgentdeckError):
    """An event holds what no record can (a wrong type, a number out of range)."""


class NotFound(AgentdeckError):
    """No such session, skill, backend or model."""


class EngineError(AgentdeckError):
    """The engine can't be reached, or is of another version."""


def told_as(said: object) -> AgentdeckError:
    """An error as an engine tells it (`kind`, `message`, `hint`), whatever was said."""
    told = said if isinstance(said, dict) else {}
    kind = str(told.get("kind", ""))
    # Until when a limit lasts does not come along.
    cls = globals().get("BackendError" if kind == "LimitLasts" else kind)
    if not (isinstance(cls, type) and issubclass(cls, AgentdeckError)):
        cls = AgentdeckError
    return cls(str(told.get("message", "")), str(told.get("hint", "")))


def of_machine(error: Exception, doing: str) -> AgentdeckError | None:
    """What the system refused, as an error that may be read; None for any other fault.

    `doing`: what can't be done, as in "It can't …".
    """
    if isinstance(error, OSError) and error.errno and error.strerror:
        where = f" ({error.filename})" if isinstance(error.filename, str) else ""
        hint = _REMEDIES.get(error.errno, "")
        return AgentdeckError(f"It can't {doing}: {error.strerror}{where}.", hint)
    if no_memory(error):
        return AgentdeckError(f"It can't {doing}: no memory.", _REMEDIES[errno.ENOMEM])
    return None


def no_memory(error: Exception) -> bool:
    """Whether there was too little memory, however that was said."""
    full = isinstance(error, OSError) and error.errno == errno.ENOMEM
    said = isinstance(error, MemoryError) or _no_thread(error) or _not_mapped(error)
    return full or said or _unsaid(error)


def _no_thread(error: Exception) -> bool:
    """Whether the interpreter could not start a thread, which it says by words alone."""
    return isinstance(error, RuntimeError) and "start new thread" in str(error)


def _not_mapped(error: Exception) -> bool:
    """Whether a library found no room in memory, which the loader says by words alone."""
    told = str(error) if isinstance(error, ImportError) else ""
    return "failed to map segment" in told or "annot allocate memory" in told


def _unsaid(error: Exception) -> bool:
    """Whether C code failed without a word where memory is limited: it forgot to say so."""
    if not isinstance(error, SystemError) or "without" not in str(error):
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


_REMEDIES = {
    errno.ENOSPC: "The disk is full: free some space, then try again.",
    errno.EDQUOT: "Your disk quota is used up: free some space, then try again.",
    errno.EFBIG: "The limit on the size of files is reached: raise it (ulimit -f).",
    errno.EMFILE: "Too many files are open: raise the limit (ulimit -n), or close sessions.",
    errno.ENFILE: "The system has too many files open.",
    errno.ENOMEM: "There is too little memory; a limit on it may be in force (ulimit -v).",
    errno.EROFS: "The file system is read-only.",
    errno.ENOTDIR: "A file stands where a folder should be: move it away.",
    errno.EISDIR: "A folder stands where a file should be: move it away.",
    errno.EACCES: "You don't have the right to it: change its owner or its mode.",
    errno.EPERM: "You don't have the right to it: change its owner or its mode.",
    errno.ELOOP: "Links lead in a circle there: remove one of them.",
}
