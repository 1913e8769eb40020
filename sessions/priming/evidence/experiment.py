"""The run: round by round, so that wherever it stops all arms have as many answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sessions.errors import BackendError
from sessions.priming.evidence.arms import ARMS, Asked, EvidenceArm, SeededAsk, answers
from sessions.priming.evidence.measures import Answer
from sessions.priming.evidence.questions import OpenQuestion, questions
from sessions.priming.evidence.results import EvidenceCell, Results
from sessions.priming.rng import Stream

SAMPLES = 8
"""Of each arm to each question: what two cores answer within half an hour."""


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What is to be run."""

    seed: int = 1
    samples: int = SAMPLES
    arms: Sequence[EvidenceArm] = field(default_factory=lambda: tuple(ARMS.values()))
    questions: Sequence[OpenQuestion] = field(default_factory=questions)
    at_once: int = 1
    minutes: float = 0.0
    """Begin no cell after so long; 0: go to the end."""

    def cells(self) -> Iterator[tuple[EvidenceArm, OpenQuestion, int]]:
        """Every cell in the order of the run: each round asks every question in every way."""
        for sample in range(self.samples):
            for question in self.questions:
                for arm in self.arms:
                    if sample % arm.group == 0:
                        yield arm, question, sample


async def run(
    plan: ExperimentPlan,
    ask: SeededAsk,
    results: Results,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> bool:
    """Ask what is missing in the results, and keep each answer as it comes.

    Returns whether all of it is there; False where the minutes were over. `told` is called with
    how many cells there are, and of how many.

    Raises:
        BackendError: the model can't be asked; what was answered before is kept.
        AgentdeckError: the results can't be written.
    """
    wanted = list(plan.cells())
    missing = [c for c in wanted if (c[0].name, c[1].id, c[2]) not in results.cells]
    done = len(wanted) - len(missing)
    ends = time.monotonic() + 60 * plan.minutes if plan.minutes else None
    waiting = iter(missing)

    async def worker() -> None:
        nonlocal done
        for arm, question, sample in waiting:
            if ends is not None and time.monotonic() > ends:
                return
            given = await _answered(plan.seed, arm, question, sample, ask)
            results.add(EvidenceCell(arm.name, question.id, sample, tuple(given)))
            done += 1
            told(done, len(wanted))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, plan.at_once)):
                group.create_task(worker())
    except ExceptionGroup as several:  # whatever ended one worker has ended the others
        raise several.exceptions[0] from several
    return done == len(wanted)


async def _answered(
    seed: int, arm: EvidenceArm, question: OpenQuestion, sample: int, ask: SeededAsk
) -> list[Answer]:
    """One cell; a model that declines has given an empty answer."""
    stream = Stream("evidence", seed, {"arm": arm.name, "question": question.id, "sample": sample})
    asked = Asked(ask, stream)
    try:
        return await answers(arm, question, asked)
    except BackendError as error:
        if error.kind != "refusal":
            raise
        return asked.of([""] * arm.group, [question.text] * arm.group)
