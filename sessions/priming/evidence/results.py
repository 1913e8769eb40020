"""The file of a run: a line for what is run, then one for each cell, appended as it is answered.

A run that was stopped goes on with the cells that are missing. A last line that was torn off is
taken away; a file of another design, seed or model is never added to.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from sessions.errors import AgentdeckError, UsageError
from sessions.paths import private_folder
from sessions.priming.evidence.arms import ARMS
from sessions.priming.evidence.measures import Answer
from sessions.priming.evidence.questions import data_file
from sessions.priming.model import JSON
from sessions.record import codec, json_lines
from sessions.record import events as ev
from skills import private_files

DESIGN = 1
"""Another number where arms or prompts change, so that results of two designs never mix."""


def design() -> str:
    """Names what is run: arms, questions and their wording."""
    words = [str(DESIGN), *ARMS, data_file("questions.json"), data_file("terms.txt")]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class EvidenceCell:
    """What was answered at once: one sample of an arm to a question, or a group of them."""

    arm: str
    question: str
    first: int
    """The number of its first sample."""
    answers: tuple[Answer, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """What no other cell of the run has."""
        return self.arm, self.question, self.first


class Results:
    """One file of results."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head: JSON = {}
        self.cells: dict[tuple[str, str, int], EvidenceCell] = {}

    def open(self, model: str, seed: int) -> None:
        """Read what is there and be ready to add to it; a new file is begun where there is none.

        Raises:
            UsageError: the file is of another run.
            AgentdeckError: it can't be read or written.
        """
        wanted = {"design": design(), "model": model, "seed": seed}
        try:
            self._read(mend=True)
            if not self.head:
                self.head = {"evidence": 1, **wanted, "at": ev.now()}
                private_folder(self.path.parent)
                private_files.add(self.path, codec.encode(self.head))
        except OSError as error:
            raise self._fault(error) from error
        for name, value in wanted.items():
            if self.head.get(name) != value:
                raise UsageError(
                    f"{self.path} has results of another {name} ({self.head.get(name)}).",
                    "Name another file with --results, or move this one away.",
                )

    def read(self) -> Results:
        """Only read. Raises AgentdeckError where that can't be done or there is nothing."""
        try:
            self._read(mend=False)
        except OSError as error:
            raise self._fault(error) from error
        if not self.cells:
            raise AgentdeckError(f"{self.path} has no results.", "Run the experiment first.")
        return self

    def add(self, cell: EvidenceCell) -> None:
        """Append a cell, on the disk before this returns. Raises AgentdeckError."""
        line = codec.encode({**asdict(cell), "answers": [asdict(each) for each in cell.answers]})
        try:
            private_files.add(self.path, line)
        except OSError as error:
            raise self._fault(error) from error
        self.cells[cell.key] = cell

    def answers(self, arm: str, question: str) -> list[Answer]:
        """All answers of an arm to a question, in order, without a gap."""
        found: list[Answer] = []
        while (cell := self.cells.get((arm, question, len(found)))) is not None:
            found += cell.answers
        return found

    def _read(self, *, mend: bool) -> None:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        if mend and len(whole) < len(data):
            private_files.write(self.path, whole)
        for row in json_lines.objects(whole):
            if "evidence" in row:
                self.head = row
            elif (cell := _cell(row)) is not None:
                self.cells[cell.key] = cell

    def _fault(self, error: OSError) -> AgentdeckError:
        return AgentdeckError(
            f"{self.path} can't be used: {error.strerror or error}.", "Name another with --results."
        )


def _cell(row: JSON) -> EvidenceCell | None:
    try:
        answers = tuple(Answer(**each) for each in row["answers"])
        return EvidenceCell(str(row["arm"]), str(row["question"]), int(row["first"]), answers)
    except (KeyError, TypeError, ValueError):
        return None
