"""docs/evidence.md, as the results tell it: `python -m sessions.priming.evidence.page FILE…`.

Given files of results it first makes the figures that ship out of them, the first of a model
before those that repeat it; without any it writes the page of the figures that ship.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sessions.errors import AgentdeckError
from sessions.priming.evidence import summary as sm
from sessions.priming.evidence.arms import ARMS, GROUP, KEEP, SHARED
from sessions.priming.evidence.measures import MEASURES
from sessions.priming.evidence.questions import RULES, questions
from sessions.priming.evidence.results import Results
from sessions.priming.evidence.shipped import measured
from sessions.priming.evidence.summary import EvidenceRun, Figures

_HERE = Path(__file__).parent / "data" / "measured.json"
_SHOWN = ("distinct", "spread", "own", "distinct_2", "compression", "overlap", "fitness", "tokens")
_TOLD = ("distinct", "spread", "own", "fitness")
_WORDS = {
    "distinct": "distinct answers",
    "spread": "spread",
    "own": "own spread",
    "distinct_2": "distinct pairs",
    "compression": "compression",
    "overlap": "overlap",
    "fitness": "fitness",
    "tokens": "tokens",
}


def page(runs: Sequence[EvidenceRun]) -> str:
    """The whole page."""
    return "\n".join([*_intro(), *_of_models(runs), *_how(), *_skills()]) + "\n"


def _intro() -> Iterator[str]:
    yield "# What primings do, measured"
    yield ""
    yield (
        "This page is written by the experiment (`python -m sessions.priming.evidence.page`), with "
        "every arm and every measure, whether it speaks for priming or against it. It tells of the "
        "models named below and of no others: what holds for a small model need not hold for a "
        "large one. For a model that is not here the Prime panel says *not measured*; `agentdeck "
        "prime evidence --backend NAME` measures it."
    )
    yield ""


def _of_models(runs: Sequence[EvidenceRun]) -> Iterator[str]:
    models = list(dict.fromkeys(run["model"] for run in runs))
    if not models:
        yield "No run ships yet: no model is measured."
        yield ""
    for model in models:
        own = [run for run in runs if run["model"] == model]
        yield f"## {model}"
        yield ""
        yield (
            f"{own[0]['questions']} questions, {own[0]['samples']} answers of each arm to each "
            f"({own[0]['questions'] * own[0]['samples']} an arm), seed {own[0]['seed']}, "
            f"{own[0]['at'][:10]}."
        )
        yield ""
        yield from _told(own[0])
        yield from _means(own[0])
        for other in sm.AGAINST:
            yield from _differences(own[0], other)
        for again in own[1:]:
            yield from _repeated(own[0], again)


def _told(run: EvidenceRun) -> Iterator[str]:
    """What came out, one line for each arm: as plainly when it is nothing."""
    yield "### What came out"
    yield ""
    for arm, figures in run["arms"].items():
        if arm in sm.AGAINST:
            continue
        for other in sm.AGAINST:
            words = [_verdict(name, figures[name].get(other)) for name in _TOLD]
            yield f"- **{ARMS[arm].title}** against {other}: {'; '.join(words)}."
    sham = run["arms"].get("sham")
    if sham is not None:
        words = [_verdict(name, sham[name].get("plain")) for name in _TOLD]
        yield f"- **{ARMS['sham'].title}** against plain: {'; '.join(words)}."
    yield ""
    yield (
        f"Primings whose own spread is above the sham's with no loss of fitness that shows: "
        f"{_helping(run)}. Only against the sham does a difference belong to the priming: plain "
        "has no block at all, and any block makes a prompt longer."
    )
    yield ""


def _primings(run: EvidenceRun) -> list[tuple[str, Figures]]:
    return [(arm, figures) for arm, figures in run["arms"].items() if ARMS[arm].kind]


def _helping(run: EvidenceRun) -> str:
    return (
        ", ".join(ARMS[arm].title for arm, figures in _primings(run) if _helps(figures)) or "none"
    )


def _helps(figures: Figures) -> bool:
    own, fit = figures["own"].get("sham"), figures["fitness"].get("sham")
    return bool(own and fit and sm.sign(own) > 0 and sm.sign(fit) >= 0)


def _verdict(name: str, interval: Sequence[float] | None) -> str:
    if not interval:
        return f"{_WORDS[name]} not measured"
    word = {1: "more", -1: "less", 0: "no difference that shows in"}[sm.sign(interval)]
    return f"{word} {_WORDS[name]}, {sm.difference(interval)}"


def _means(run: EvidenceRun) -> Iterator[str]:
    yield "### Means"
    yield ""
    yield f"| arm | {' | '.join(_WORDS[name] for name in _SHOWN)} |"
    yield f"|---|{'---:|' * len(_SHOWN)}"
    for arm, figures in run["arms"].items():
        cells = [_mean(name, figures[name]["mean"]) for name in _SHOWN]
        yield f"| {ARMS[arm].title} | {' | '.join(cells)} |"
    yield ""


def _mean(name: str, interval: Sequence[float]) -> str:
    if name == "tokens":
        return f"{interval[0]:.0f} ({interval[1]:.0f} to {interval[2]:.0f})"
    return f"{interval[0]:.2f} ({interval[1]:.2f} to {interval[2]:.2f})"


def _differences(run: EvidenceRun, other: str) -> Iterator[str]:
    if other not in run["arms"]:
        return
    shown = [name for name in _SHOWN if name != "tokens"]
    yield f"### Differences to {other}, paired by question"
    yield ""
    yield f"| arm | {' | '.join(_WORDS[name] for name in shown)} |"
    yield f"|---|{'---:|' * len(shown)}"
    for arm, figures in run["arms"].items():
        if arm != other:
            cells = [sm.difference(figures[name].get(other)) for name in shown]
            yield f"| {ARMS[arm].title} | {' | '.join(cells)} |"
    yield ""


def _repeated(first: EvidenceRun, again: EvidenceRun) -> Iterator[str]:
    yield f"### Repeated with seed {again['seed']}"
    yield ""
    found = [row for row in sm.within(first, again) if row["measure"] != "tokens"]
    inside = sum(row["inside"] for row in found)
    overlap = sum(row["overlap"] for row in found)
    turned = [
        row for row in found if sm.sign(row["first"]) * sm.sign(row["second"]) < 0
    ]  # fmt: skip
    yield (
        f"{again['questions']} questions, {again['samples']} answers of each arm to each, "
        f"{again['at'][:10]}, from a clean clone. Of {len(found)} differences {inside} lie within "
        f"the first run's 95 % intervals, and of {overlap} the two intervals overlap. "
        f"{len(turned) or 'None'} turned from one side of 0 to the other. Primings whose own "
        f"spread is above the sham's with no loss of fitness: {_helping(again)} in this run, "
        f"{_helping(first)} in the first."
    )
    yield ""
    outside = [row for row in found if not row["inside"]]
    if outside:
        yield "Outside the first interval:"
        yield ""
        yield "| arm | measure | against | first | repeated |"
        yield "|---|---|---|---:|---:|"
        for row in outside:
            yield (
                f"| {ARMS[row['arm']].title} | {_WORDS[row['measure']]} | {row['other']} | "
                f"{sm.difference(row['first'])} | {sm.difference(row['second'])} |"
            )
        yield ""


def _how() -> Iterator[str]:
    yield "## How it is measured"
    yield ""
    kinds = ", ".join(dict.fromkeys(question.kind for question in questions()))
    yield (
        f"`make evidence` runs it on the embedded model (30 minutes at most on two free cores) and "
        f"goes on where it was stopped. {len(questions())} open questions of our own ({kinds}) are "
        "asked in nine ways:"
    )
    yield ""
    for arm in ARMS.values():
        yield f"- {arm.title}"
    yield ""
    yield (
        f"The primings go the way that they go in a session: drawn by chance, read by the model, "
        f"{KEEP} items put before the question in the words that a session is sent. Each draw "
        f"primes {SHARED} answers. The sham's block has the same form and length, and is what the "
        "model names first. Papers come from the sample that ships with agentdeck, their abstracts "
        "cut to 500 "
        "characters: no network is asked. Terms are drawn from a list of many trades. *Ordinary "
        "people* is the choice `who` of the kind names (after arXiv 2602.20408). The rivals are "
        f"verbalised sampling (after arXiv 2510.01171: {GROUP} unlikely answers at once, with "
        f"their likelihoods) and direction planning (after arXiv 2605.30150: {GROUP} directions "
        "planned first, an answer in each)."
    )
    yield ""
    yield "Measures, none of which asks a model:"
    yield ""
    for name, about in MEASURES.items():
        yield f"- {_WORDS[name]}: {about}"
    yield ""
    yield f"Rules of fitness: an answer {'; '.join(about for about, _ in RULES.values())}."
    yield ""
    yield (
        "Intervals: 95 %, by a bootstrap over the questions, paired: a question brings all arms "
        "with it, and the percentiles are widened for so few questions (expanded percentiles). "
        "Two runs both vary, so of the differences of a second run about 83 in 100 are to be "
        "expected in the intervals of the first. Spread is of words, not of meanings, and says "
        "nothing of whether an idea is good; own spread leaves out what stood in the prompts, "
        "since another block in each prompt makes answers differ by echo alone. The fitness rules "
        "find answers that are broken, not answers that are dull. Short answers compress worse, "
        "which is part of the figure of verbalised sampling. Eight measures of eight arms are "
        "many looks: single intervals near 0 prove little."
    )
    yield ""
    yield (
        "Sampling is seeded, and the model on this machine answers in processes of one thread and "
        "one slot, so that load changes nothing: the same seed gives the same answers on the same "
        "kind of processor. The temperature is the one that sessions have."
    )
    yield ""
    yield (
        "Any other model: `make evidence BACKEND=NAME`, where NAME is a backend of your "
        "configuration, with its key where you keep it (`api_key_env`); "
        '`ARGS="--questions 2 --samples 2"` tries it first with a few cells. Each backend and seed '
        "has a file of its own in `.evidence/`, with questions, answers and tokens and never a "
        "key; at the end it says what was spent, in dollars where a price is known (`[prices]`). "
        "Stopped, or with a key that is refused, it goes on where it was. Its figure stands in the "
        "Prime panel from then on."
    )


def _skills() -> Iterator[str]:
    """What one skill did on the model on this machine, tried once."""
    yield ""
    yield "## A skill with and without, once"
    yield ""
    yield (
        "A skill *three-lines* (its description: use it for every answer, which is exactly three "
        "lines, each of which begins with a hyphen) on SmolLM2-135M-Instruct.Q4_1, 2026-11-29: 8 "
        "questions, each to two sessions as `agentdeck skills pair` and `b` in the Skills panel "
        "send them, judged by a rule that did not know which had the skill (nearer to three lines, "
        "then fewer lines without a hyphen). All 16 runs ended, in 48 s on two cores with "
        "priority. With the skill preferred in 2 of 5 decided pairs (12 to 77 %), 3 alike: too few "
        "to tell, and 58 % more tokens. An attempt before it, beside other work that held the "
        "cores, was given up when 3 of 16 runs had ended after 700 s; nothing of it is counted. "
        "In an earlier run of 8 pairs, of which three ended in an error, it was preferred in 0 "
        "of 3. "
        "The small model uses no tools, so all that it saw of the skill was its description."
    )


def main(files: Sequence[str]) -> int:
    """Write the figures (of files of results, where given) and the page."""
    if files:
        try:
            found = [sm.summarise(Results(Path(file)).read()) for file in files]
        except AgentdeckError as error:
            print(error, file=sys.stderr)
            return 1
        runs = [run for run in found if run is not None]
        _HERE.write_text(json.dumps({"runs": runs}, indent=1) + "\n", encoding="utf-8")
        measured.cache_clear()
    docs = Path("docs")
    if not docs.is_dir():
        print("There is no folder docs here.", file=sys.stderr)
        return 1
    (docs / "evidence.md").write_text(page(measured()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
