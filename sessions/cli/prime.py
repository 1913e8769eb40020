"""`agentdeck prime …`: a priming without a session, on the command line."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sessions.cli.evidence import evidence, ledger
from sessions.errors import UsageError
from sessions.priming.kinds import KINDS
from sessions.priming.untrusted import clean

if TYPE_CHECKING:
    from sessions.backends.base import Reply
    from sessions.priming.arxiv.draw import Source
    from sessions.priming.model import JSON, Draw, Item
    from sessions.priming.pipeline import Ask, Expansion
    from sessions.priming.prompts import Subject

F = TypeVar("F", bound=Callable[..., None])
T = TypeVar("T")

_FILE_LIMIT = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Common:
    """The options that all kinds have."""

    seed: int | None
    draw_only: bool
    keep: int | None
    about: str
    term: tuple[str, ...]
    ban: tuple[str, ...]
    backend: str | None
    model: str | None
    as_json: bool


_OPTIONS = (
    click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="The same seed, the same draw."),
    click.option("--draw-only", is_flag=True, help="The draw alone; no model is asked."),
    click.option("--keep", type=click.IntRange(1, 100), help="How many items to ask for."),
    click.option("--about", default="", help="What stands for the conversation; - reads stdin."),
    click.option("--term", multiple=True, help="A domain to draw on; may be given several times."),
    click.option("--ban", multiple=True, help="A term that may not be used; several times."),
    click.option("--backend", help="What answers; the configured default otherwise."),
    click.option("--model", help="The model to ask."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def _with_common(command: F) -> F:
    """Give a command the common options, as one object."""
    names = _Common.__dataclass_fields__

    @functools.wraps(command)
    def run(**given: Any) -> None:
        common = _Common(**{name: given.pop(name) for name in names})
        command(common, **given)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run  # type: ignore[return-value]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def prime() -> None:
    """Tokens from outside: letter sets, names, papers, words; drawn by chance, read by a model."""


prime.add_command(evidence)
prime.add_command(ledger)


@prime.command()
@click.option("--count", type=int, default=100, show_default=True, help="How many letter sets.")
@click.option("--letters", type=int, default=4, show_default=True, help="Letters in a set.")
@click.option(
    "--alphabet",
    type=click.Choice(["uniform", "initials"]),
    default="uniform",
    show_default=True,
    help="Every letter alike, or as often as words begin with it.",
)
@_with_common
def acronym(common: _Common, count: int, letters: int, alphabet: str) -> None:
    """Random letter sets, read as acronyms of concepts."""
    _run("acronym", {"count": count, "letters": letters, "alphabet": alphabet}, common)


@prime.command()
@click.option(
    "--stage",
    type=click.IntRange(1, 3),
    default=1,
    show_default=True,
    help="1: who comes to mind; 2: whom researchers know; 3: further out.",
)
@click.option("--letters", default="A-Z", show_default=True, help="Which letters.")
@click.option(
    "--who",
    type=click.Choice(["known", "ordinary"]),
    default="known",
    show_default=True,
    help="People with a name, or ordinary people of all trades.",
)
@_with_common
def names(common: _Common, stage: int, letters: str, who: str) -> None:
    """A to Z in a random order: a person for each letter, and the concept they would bring."""
    _run("names", {"stage": stage, "letters": letters, "who": who}, common)


@prime.command()
@click.option("--month", default="", help="YYYY-MM; the last complete month otherwise.")
@click.option("--category", default="", help="For example cs.AI; all otherwise.")
@click.option("--n", type=int, default=10, show_default=True, help="How many papers.")
@click.option("--offline", is_flag=True, help="Use only what is on this machine.")
@click.option(
    "--any",
    "any_",
    is_flag=True,
    help="Where these papers can't be had, take the sample that ships with agentdeck.",
)
@_with_common
def arxiv(common: _Common, month: str, category: str, n: int, offline: bool, any_: bool) -> None:
    """A uniform random sample of a month's papers, and what connects them."""
    params = {"month": month, "category": category, "n": n, "any": "yes" if any_ else "no"}
    _run("arxiv", params, common, source=_source(offline))


@prime.command()
@click.argument("words", nargs=-1)
@click.option(
    "--file", "file", type=click.Path(path_type=Path), help="A file with one term a line."
)
@click.option("--field", default="", help="A field to mine for terms, by the model.")
@click.option("--n", type=int, default=20, show_default=True, help="At most so many terms.")
@_with_common
def terms(common: _Common, words: tuple[str, ...], file: Path | None, field: str, n: int) -> None:
    """Words of a domain: given here, from a file, or what a specialist in a field would say."""
    # Without a field, --term gives the words themselves: there is nothing else to draw from.
    given = [*words, *(() if field else common.term)]
    if file is not None:
        given += _read_file(file).splitlines()
    if not given and not field and not common.ban:
        raise UsageError(
            "There are no terms.", "Give some, or --file, or --field to let the model find them."
        )
    if field and common.draw_only and not given:
        raise UsageError("Terms of a field come from the model.", "Leave out --draw-only.")
    _run("terms", {"terms": given, "field": field, "n": n}, common)


def _read_file(path: Path) -> str:
    """A text file's content; binary or endless files are refused."""
    try:
        if str(path) == "-":
            return sys.stdin.read(_FILE_LIMIT)
        if not path.is_file():
            raise UsageError(f"There is no file {path}.", "Check the path.")
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT)
    except OSError as error:
        raise UsageError(f"Can't read {path}: {error.strerror or error}.") from error
    if b"\x00" in data:
        raise UsageError(f"{path} is not a text file.", "Give a file with one term a line.")
    return data.decode("utf-8", "replace")


# -- seams


def _ask(backend: str | None, model: str | None) -> Ask:
    """The model, asked without a session and without the engine."""
    from sessions.backends import oneshot

    async def ask(
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
    ) -> Reply:
        return await oneshot.ask(
            messages, backend=backend, model=model, schema=schema, max_tokens=max_tokens
        )

    return ask


def _source(offline: bool) -> Source:
    """Where papers come from, as the configuration says."""
    from sessions.config import load
    from sessions.paths import places
    from sessions.priming.arxiv.draw import Source

    arxiv = load().priming.arxiv
    return Source(places(), arxiv.url, arxiv.min_interval_s, offline=offline)


# -- the run


def _run(
    kind: str, params: Mapping[str, Any], common: _Common, source: Source | None = None
) -> None:
    """Draw, let the model read it unless only the draw is wanted, and print."""
    from sessions.priming import pipeline
    from sessions.priming.prompts import Subject

    about = _read_file(Path("-")) if common.about == "-" else common.about

    async def work() -> tuple[Draw, Expansion | None]:
        drawn = await pipeline.draw(kind, params, seed=common.seed, source=source)
        _say(drawn.notes)
        if common.draw_only or (kind == "terms" and not drawn.draw and not params["field"]):
            return drawn, None
        _say(pipeline.warnings(drawn))
        domains = () if kind == "terms" and not params["field"] else common.term
        subject = Subject(about, terms=domains, ban=common.ban)
        return drawn, await _read(drawn, subject, common)

    drawn, expansion = _in_loop(work())
    if expansion is not None:
        _say(expansion.notes)
    if common.as_json:
        data: JSON = {**drawn.to_json()}
        if common.ban:
            data["ban"] = list(common.ban)
        if expansion is not None:
            data |= _expansion_json(expansion)
        click.echo(json.dumps(data, ensure_ascii=True, indent=1))
    else:
        _print(drawn, expansion)


async def _read(drawn: Draw, subject: Subject, common: _Common) -> Expansion:
    """The model's reading, through all stages that were asked for."""
    from sessions.priming import pipeline

    ask = _ask(common.backend, common.model)
    expansion = await pipeline.expand(drawn, ask, subject, keep=common.keep)
    for _ in range(int(drawn.names.get("stage", 1)) - 1):
        expansion = await pipeline.deepen(expansion, ask, subject, keep=common.keep)
    return expansion


def _in_loop(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _say(notes: Sequence[str]) -> None:
    """Remarks go to stderr, so that stdout is the result alone."""
    for note in notes:
        click.echo(clean(note), err=True)


def _expansion_json(expansion: Expansion) -> JSON:
    data: JSON = {
        "items": [item.to_json() for item in expansion.items],
        "model": expansion.model,
        "usage": dict(expansion.usage),
        "cost_usd": expansion.cost_usd,
    }
    if expansion.draw.kind == "names":
        data["stage"] = expansion.stage
    if expansion.notes:
        data["remarks"] = list(expansion.notes)
    return data


# -- for people


def _print(drawn: Draw, expansion: Expansion | None) -> None:
    """Everything foreign was cleaned when it was read; no line holds a control character."""
    title = KINDS[drawn.kind].title
    source = {"earlier": ", earlier draws", "bundled": ", the sample that ships with agentdeck"}
    click.echo(f"{title} · {drawn.id} · seed {drawn.seed}{source.get(drawn.source, '')}")
    if expansion is None or not expansion.items:
        _print_draw(drawn)
        return
    for item in expansion.items:
        click.echo(_item_lines(drawn.kind, item))


def _print_draw(drawn: Draw) -> None:
    if drawn.kind == "acronym":
        for start in range(0, len(drawn.draw), 10):
            click.echo(" ".join(drawn.draw[start : start + 10]))
    elif drawn.kind == "names":
        click.echo(" ".join(drawn.draw))
    elif drawn.kind == "terms":
        click.echo("\n".join(drawn.draw))
    else:
        for paper in drawn.papers:
            authors = ", ".join(paper["authors"][:3]) + (" …" if len(paper["authors"]) > 3 else "")
            click.echo(f"\n{paper['id']} [{paper['primary_category']}] {paper['title']}")
            click.echo(f"  {authors} · https://arxiv.org/abs/{paper['id']}")
            click.echo(f"  {paper['abstract']}")


def _item_lines(kind: str, item: Item) -> str:
    """One item as two or three lines."""
    head = item.term
    if kind in ("acronym", "names") and item.source:
        head = f"{item.source}  {head}"
    person = item.extra.get("person")
    if person:
        head += f" — {person}"
    facts = [item.extra.get("domain", ""), item.extra.get("handle", "")]
    facts += [f"leap {item.leap}"] if item.leap else []
    facts += [f"p {item.p:.2f}"] if item.p is not None else []
    facts += [", ".join(item.cited)] if item.cited else []
    lines = [("● " if item.checked else "○ ") + head, item.gloss, item.why]
    lines += [" · ".join(fact for fact in facts if fact)]
    lines += [f"! {flag.text}" for flag in item.flags]
    return "\n  ".join(clean(line) for line in lines if line)
