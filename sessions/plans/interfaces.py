"""What a try of a task, a judge and a critic need of the run that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sessions.plans import placeholders, record
from sessions.plans.model import Critic, Judge, Plan, Task
from sessions.plans.state import Run, Unit
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.plans.check import CheckVerdict
    from sessions.runtime.session import Session


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What a session changed. `loose`: paths that are not committed; `head`: its last commit."""

    files: list[str]
    diff: str
    loose: list[str] = field(default_factory=list)
    head: str = ""


class Asking(Protocol):
    """The run, for a judge or a critic (`sessions.plans.runner.Runner`)."""

    run: Run

    def say(self, event: record.RunEvent) -> None:
        """Write an event down, fold it, tell it; later, where the disk refuses."""

    def values(self, unit: Unit, task: Task) -> placeholders.Values:
        """What the prompt of a unit may name."""

    async def asking_session(self, unit: Unit, who: Judge | Critic, title: str) -> Session:
        """A session for a judge or a critic."""

    async def put_away(self, session: Session) -> None:
        """Take a session off the deck."""

    def spent(self, unit: Unit, session: Session) -> None:
        """Count what a session has cost."""

    async def wait_out(self, unit: Unit, times: int, asked_s: float, why: str) -> None:
        """Wait until a fault has passed."""


class Trying(Asking, Protocol):
    """The run, for one try of a task."""

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""

    async def opened(self, unit: Unit) -> Session | None:
        """The session of a try that was begun, if there is one."""

    async def make_session(self, unit: Unit, task: Task, values: placeholders.Values) -> Session:
        """A session for a try."""

    async def prime(self, unit: Unit, task: Task, session: Session) -> None:
        """Give a session the primings of its task."""

    def went_through(self, unit: Unit) -> None:
        """A credential works."""

    def broken(self, unit: Unit, why: str) -> None:
        """A credential is refused: nothing starts on it until a person has looked."""

    async def changes(self, session: Session, events: Sequence[ev.Event]) -> SessionChanges:
        """What a session has changed so far, before its check adds to it."""

    def answer_file(self, session: Session, answer: str) -> str:
        """What a check calls the file with a session's answer. Raises AgentdeckError."""

    async def check(
        self, session: Session, task: Task, argv: Sequence[str], answer: str
    ) -> CheckVerdict:
        """Run a session's check where it works."""

    async def tell_before(self, session: Session, texts: Sequence[str]) -> None:
        """What a session hears before its next message."""

    async def heard(self, session: Session) -> None:
        """Return when all that a session has said so far is known here."""

    async def critic(self, unit: Unit, task: Task, answer: str, values: placeholders.Values) -> str:
        """What the task's critic sends back, or ""."""

    async def commit(self, unit: Unit, session: Session, changed: SessionChanges) -> str:
        """Commit what a session left uncommitted; the commit, or ""."""
