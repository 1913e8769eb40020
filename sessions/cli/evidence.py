"""What is known of primings: `prime evidence` measures, `prime ledger` tells of comparisons."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sessions.errors import UsageError

if TYPE_CHECKING:
    from sessions.backends.base import Backend, Reply
    from sessions.priming.evidence.arms import SeededAsk
    from sessions.priming.evidence.experiment import ExperimentPlan
    from sessions.priming.evidence.results import Results

_PACE = 5
"""Cells that were answered before it is said how long the others take."""
_MOST_AT_ONCE = 8


@click.command()
@click.option("--backend", default="local", show_default=True, help="What answers.")
@click.option("--model", default="", help="The model to ask.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True,
    help="Another seed, another run of the same design.",
)  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(1, 100), default=8, show_default=True,
    help="Answers of each arm to each question; more go on from fewer.",
)  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0), default=0.0, help="Stop after so long.")
@click.option("--arm", "arms", multiple=True, help="Only these arms; several times.")
@click.option("--questions", "count", type=click.IntRange(1), help="Only the first so many.")
@click.option("--at-once", type=click.IntRange(1, _MOST_AT_ONCE), help="How many cells at a time.")
@click.option(
    "--results", type=click.Path(path_type=Path, dir_okay=False), help="The file of the answers."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evidence(
    backend: str,
    model: str,
    seed: int,
    samples: int,
    minutes: float,
    arms: tuple[str, ...],
    count: int | None,
    at_once: int | None,
    results: Path | None,
    as_json: bool,
) -> None:
    """What primings do on a model, measured without a judge; stopped, it goes on where it was.

    Open questions are asked plainly, with a sham block, with each kind of priming, and in two
    ways that are simple rivals. The figures are kept for the Prime panel.
    """
    from sessions.priming.evidence.experiment import ExperimentPlan
    from sessions.priming.evidence.questions import questions

    plan = ExperimentPlan(
        seed,
        samples,
        _arms(arms),
        questions()[:count],
        at_once or min(_MOST_AT_ONCE, os.cpu_count() or 1),
        minutes,
    )
    try:
        asyncio.run(_run(plan, backend, model, results, as_json))
    except KeyboardInterrupt:
        click.echo("\nStopped. What was answered is kept; the same command goes on.", err=True)
        raise SystemExit(130) from None


@click.command()
@click.option("--model", default="", help="For sessions with this model; for all otherwise.")
@click.option("--profile", default="", help="And of this profile.")
@click.option("--judge", default="user", show_default=True, help="Who judged: you, or a backend.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ledger(model: str, profile: str, judge: str, as_json: bool) -> None:
    """What your blind comparisons say: of each kind, stage, month and field, and what to draw."""
    from sessions.paths import places
    from sessions.priming import facets
    from sessions.priming.ledger import Ledger

    kept = Ledger(places().data)
    found = (facets.pair_of(record) for record in kept.records(judge))
    pairs = [pair for pair in found if pair is not None]
    suggestion = facets.suggest(pairs, model, profile)
    if model:
        pairs, whose = facets.for_whom(pairs, model, profile)
        click.echo(f"Pairs {whose}.", err=True)
    if as_json:
        told = {
            "says": [tally.says for tally in kept.summary(judge).tallies],
            "facets": [
                {
                    "kind": t.kind, "name": t.name, "value": t.value, "wins": t.tally.wins,
                    "ties": t.tally.ties, "losses": t.tally.losses, "taken": t.taken, "of": t.of,
                    "interval": list(t.tally.interval), "known": t.known,
                }
                for t in facets.tallies(pairs)
            ],
            "suggested": suggestion.kind, "params": suggestion.params,
            "pairs": suggestion.pairs, "why": suggestion.says,
        }  # fmt: skip
        click.echo(json.dumps(told, indent=1))
        return
    lines = [tally.says for tally in kept.summary(judge).tallies]
    click.echo("\n".join([*lines, *facets.lines(pairs), suggestion.says]))


def _arms(names: Sequence[str]) -> Sequence[Any]:
    from sessions.priming.evidence.arms import ARMS

    unknown = [name for name in names if name not in ARMS]
    if unknown:
        raise UsageError(f"There is no arm {unknown[0]!r}.", f"There are {', '.join(ARMS)}.")
    return tuple(ARMS[name] for name in names or ARMS)


async def _run(
    plan: ExperimentPlan, backend: str, model: str, path: Path | None, as_json: bool
) -> None:
    from sessions.paths import places
    from sessions.priming.evidence import shipped
    from sessions.priming.evidence.experiment import run
    from sessions.priming.evidence.results import Results
    from sessions.priming.evidence.summary import summarise, table

    async with AsyncExitStack() as stack:
        made, named = _backends(backend, model, plan.at_once)
        for each in made:
            stack.push_async_callback(each.close)
        folder = shipped.own_folder(places().data)
        results = Results(path or folder / f"{shipped.file_name(named)}-{plan.seed}.jsonl")
        results.open(named, plan.seed)
        whole = await run(plan, _ask(made, named), results, _teller(plan.minutes))
    click.echo(f"\n{results.path}\n{_spent(results, named)}", err=True)
    if (summary := summarise(results)) is None:
        click.echo("Not every arm has two answers to a question yet: nothing to tell.", err=True)
    else:
        shipped.keep(places().data, summary)
        click.echo(json.dumps(summary, indent=1) if as_json else "\n".join(table(summary)))
    if not whole:
        click.echo("The minutes are over; the same command goes on.", err=True)


def _spent(results: Results, model: str) -> str:
    """The tokens of all answers that are kept, and what they cost where a price is known."""
    from sessions import config
    from sessions.backends import pricing
    from sessions.paths import places
    from sessions.priming.cost import Estimate

    answers = [answer for cell in results.cells.values() for answer in cell.answers]
    spent = Estimate(
        round(sum(each.tokens_in for each in answers)),
        round(sum(each.tokens_out for each in answers)),
    )
    price = pricing.price_of(model, config.load(places().config_file).prices)
    usd = spent.usd(price.input, price.output) if price else None
    told = f"${usd:.2f}" if usd is not None else f"no price is known: [prices.{json.dumps(model)}]"
    return f"Tokens of all answers: {spent.input:,} in, {spent.output:,} out ({told})."


def _backends(name: str, model: str, at_once: int) -> tuple[list[Backend], str]:
    """What answers; the model on this machine by a process of one thread and one slot each.

    So none waits for another, and no answer depends on what is answered beside it.
    """
    from sessions import config
    from sessions.backends.registry import make
    from sessions.paths import places

    here = places()
    loaded = config.load(here.config_file)
    choice = loaded.choose(backend=name, model=model)
    own = loaded.backends[choice.backend]
    count = 1
    if own.type == "local":
        count = at_once
        own = replace(own, threads=1, slots=1, context=min(own.context or 4_096, 4_096))
    backends = [
        make(key, replace(loaded, backends={key: own}), here)
        for key in (f"{choice.backend}-evidence-{number}" for number in range(count))
    ]
    return backends, choice.model or backends[0].default_model


def _ask(backends: Sequence[Backend], model: str) -> SeededAsk:
    """Ask whichever is free."""
    from sessions.backends.base import Question

    free: asyncio.Queue[Backend] = asyncio.Queue()
    for each in backends:
        free.put_nowait(each)

    async def ask(
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
        seed: int = 0,
    ) -> Reply:
        question = Question(messages, model=model, schema=schema, max_tokens=max_tokens, seed=seed)
        if len(backends) == 1:
            return await backends[0].ask(question)
        backend = await free.get()
        try:
            return await backend.ask(question)
        finally:
            free.put_nowait(backend)

    return ask


def _teller(minutes: float) -> Callable[[int, int], None]:
    """Says how far it is and how long it takes still, on one line where somebody looks on."""
    begun, first = time.monotonic(), -1

    def tell(done: int, of: int) -> None:
        nonlocal first
        first = done - 1 if first < 0 else first
        said = how_far(done, of, done - first, time.monotonic() - begun, minutes)
        if sys.stderr.isatty():
            click.echo(f"\r{said}\x1b[K", nl=False, err=True)
        elif done % 50 == 0 or done == of or done == first + 1:
            click.echo(said, err=True)

    return tell


def how_far(done: int, of: int, here: int, seconds: float, minutes: float) -> str:
    """How far it is; `here` cells of these were answered in so many seconds of this run, of so
    many minutes at most (0: no end).
    """
    said = f"{done} of {of} cells"
    if done == of or here < _PACE:
        return said
    left = seconds / here * (of - done) / 60
    said += f", about {max(1, round(left))} min more at this pace"
    if minutes and left > max(0.0, minutes - seconds / 60):
        said += f"; it stops after {minutes:g} min, and goes on when it is called again"
    return said
