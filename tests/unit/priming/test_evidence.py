"""The experiment on primings: its run, its measures, and what is said of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sessions.backends import local
from sessions.backends.base import Form, Question, Reply
from sessions.cli.evidence import how_far
from sessions.config.model import BackendConfig
from sessions.errors import BackendError, UsageError
from sessions.priming.evidence import page as pages
from sessions.priming.evidence import shipped
from sessions.priming.evidence.arms import ARMS
from sessions.priming.evidence.experiment import ExperimentPlan, run
from sessions.priming.evidence.measures import Answer, measure
from sessions.priming.evidence.questions import kept, questions
from sessions.priming.evidence.results import Results
from sessions.priming.evidence.summary import (
    EvidenceRun,
    interval,
    sign,
    summarise,
    table,
    tail,
    within,
)
from sessions.priming.rng import Stream

WORDS = [
    "river",
    "stone",
    "lamp",
    "garden",
    "wheel",
    "paper",
    "window",
    "ladder",
    "bridge",
    "needle",
    "copper",
    "forest",
]


class SeededModel:
    """Answers by the seed alone; gone after so many answers."""

    def __init__(self, ends_after: int = 10**9) -> None:
        self.asked: list[tuple[str, int]] = []
        self._ends_after = ends_after

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
        seed: int = 0,
    ) -> Reply:
        if len(self.asked) >= self._ends_after:
            raise BackendError("The server ended.", "Start it.")
        prompt = str(messages[-1]["content"])
        self.asked.append((prompt, seed))
        words = [WORDS[(seed >> n) % len(WORDS)] for n in range(0, 20, 4)]
        said = f"The {words[0]} and the {words[1]} have a {words[2]} near the {words[3]}."
        if isinstance(schema, Form):
            said = json.dumps(
                {
                    "answers": [{"text": said, "p": 0.05}] * 4,
                    "directions": [{"text": word} for word in words[:4]],
                    "items": [{"term": word, "gloss": said, "why": said} for word in words[:3]],
                }
            )
        return Reply(said, {"input": len(prompt) // 4, "output": 20}, "fake")


def plan(seed: int = 1, samples: int = 4, **more: Any) -> ExperimentPlan:
    return ExperimentPlan(seed, samples, questions=questions()[:4], **more)


async def results_of(path: Path, seed: int = 1) -> Results:
    results = Results(path)
    results.open("fake", seed)
    assert await run(plan(seed), SeededModel(), results)
    return results


async def test_every_arm_answers_every_question_and_its_tokens_are_counted(tmp_path: Path) -> None:
    results = await results_of(tmp_path / "r.jsonl")
    for arm in ARMS:
        for question in questions()[:4]:
            given = results.answers(arm, question.id)
            assert len(given) == 4 and all(a.text and a.prompt and a.tokens_out for a in given), arm
            assert question.text in given[0].prompt
    plain, primed = (results.answers(arm, "library")[0] for arm in ("plain", "acronym"))
    assert primed.tokens_in > 2 * plain.tokens_in, "the reading of the draw is counted too"
    assert "priming acronym" in primed.prompt and plain.prompt == questions()[0].text


async def test_the_same_seed_asks_the_same_and_another_seed_does_not(tmp_path: Path) -> None:
    asked = []
    for number, seed in enumerate((1, 1, 2)):
        model, results = SeededModel(), Results(tmp_path / f"{number}.jsonl")
        results.open("fake", seed)
        await run(plan(seed, samples=1, at_once=3), model, results)
        asked.append(sorted(model.asked))
    assert asked[0] == asked[1] != asked[2]


async def test_a_run_that_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, full = Results(tmp_path / "whole.jsonl"), SeededModel()
    whole.open("fake", 1)
    await run(plan(), full, whole)
    path = tmp_path / "stopped.jsonl"
    results = Results(path)
    results.open("fake", 1)
    with pytest.raises(BackendError):
        await run(plan(), SeededModel(ends_after=70), results)
    kept_of_it = set(results.cells)
    assert 0 < len(kept_of_it) < len(whole.cells)
    with path.open("ab") as file:
        file.write(b'{"arm":"plain","question":"library","fir')  # a line that was torn off
    again, model = Results(path), SeededModel()
    again.open("fake", 1)
    assert set(again.cells) == kept_of_it
    assert await run(plan(), model, again)
    assert again.cells == whole.cells, "as if it had never stopped"
    assert len(model.asked) < len(full.asked), "what was there is not asked again"
    assert Results(path).read().cells == whole.cells


async def test_results_of_another_run_are_never_added_to(tmp_path: Path) -> None:
    await results_of(tmp_path / "r.jsonl")
    before = (tmp_path / "r.jsonl").read_bytes()
    for model, seed, word in (("fake", 2, "seed"), ("other", 1, "model")):
        with pytest.raises(UsageError, match=f"another {word}"):
            Results(tmp_path / "r.jsonl").open(model, seed)
    assert (tmp_path / "r.jsonl").read_bytes() == before


async def test_minutes_end_a_run_and_a_refusal_is_an_empty_answer(tmp_path: Path) -> None:
    results = Results(tmp_path / "r.jsonl")
    results.open("fake", 1)
    assert not await run(plan(minutes=1e-9), SeededModel(), results)

    async def refuses(*_: object, **__: object) -> Reply:
        raise BackendError("The model declined to answer.", kind="refusal")

    assert await run(plan(samples=1), refuses, results)
    assert results.answers("plain", "library")[0].text == ""


def answers(*texts: str, prompt: str = "") -> list[Answer]:
    return [Answer(text, prompt, 10, 5) for text in texts]


def test_measures_tell_one_answer_from_many() -> None:
    question = questions()[0]
    same = measure(question, answers(*["A library lends garden tools to people."] * 4))
    apart = measure(
        question,
        answers(
            "A library lends garden tools.",
            "Bakers read aloud on market days.",
            "Visitors repair old radios here.",
            "Children paint the shelves yearly.",
        ),
    )
    assert same["distinct"] == 0.25 and apart["distinct"] == 1.0
    for name in ("spread", "own", "distinct_2", "compression"):
        assert same[name] < apart[name], name
    assert same["tokens"] == 15


def test_what_only_echoes_its_prompt_has_no_spread_of_its_own() -> None:
    question = questions()[0]
    echo = [
        Answer("Percolation quorum.", "percolation quorum"),
        Answer("Ballast fermata.", "ballast fermata"),
    ]
    found = measure(question, echo)
    assert found["spread"] == 1.0 and found["own"] == 0.0 and found["overlap"] == 1.0


def test_rules_find_broken_answers() -> None:
    memory = next(q for q in questions() if q.id == "memory")
    good = "Forgetting is like a tide that takes the smallest stones first."
    assert all(kept(memory, good, memory.text).values())
    broken = {
        "answers": "I'm sorry, I can't help with that.",
        "whole": "Forgetting is like a tide that takes",
        "length": "Forgetting fades.",
        "subject": "A tide takes the smallest stones first.",
        "obeys": "Forgetting is how the brain sweeps its floor.",
        "own": memory.text,
        "loop": "Forgetting is like a tide, is like a tide, is like a tide, is like a tide.",
    }
    for rule, text in broken.items():
        assert not kept(memory, text, memory.text)[rule], rule


async def test_figures_carry_intervals_and_repeat(tmp_path: Path) -> None:
    first = summarise(await results_of(tmp_path / "1.jsonl", 1))
    second = summarise(await results_of(tmp_path / "2.jsonl", 2))
    assert first and second and first["samples"] == 4 and first["questions"] == 4
    mean, low, high = first["arms"]["terms"]["own"]["sham"]
    assert low <= mean <= high
    assert "plain" not in first["arms"]["plain"]["own"]
    rows = within(first, second)
    assert rows and all(row["inside"] for row in within(first, first))
    text = pages.page([first, second])
    assert "Repeated with seed 2" in text and "Differences to sham" in text
    for arm in ARMS.values():
        assert f"| {arm.title} |" in text
    assert len(table(first)) == 2 + len(ARMS)


async def test_a_run_that_stopped_half_way_counts_whole_rounds_alone(tmp_path: Path) -> None:
    whole = await results_of(tmp_path / "r.jsonl")
    cut = Results(tmp_path / "cut.jsonl")
    cut.cells = {k: c for k, c in whole.cells.items() if k != ("terms", "library", 2)}
    found = summarise(cut)
    assert found is not None and (found["samples"], found["questions"]) == (4, 3)
    cut.cells = {k: c for k, c in whole.cells.items() if k[2] < 3 and k != ("plain", "bees", 2)}
    found = summarise(cut)
    assert found is not None and (found["samples"], found["questions"]) == (3, 3)
    cut.cells = {k: c for k, c in whole.cells.items() if k[2] == 0}
    assert summarise(cut) is None


@pytest.mark.parametrize(("count", "part"), [(10, 0.0086), (30, 0.0188), (1_000, 0.0249)])
def test_few_questions_make_wider_intervals(count: int, part: float) -> None:
    assert tail(count) == pytest.approx(part, abs=2e-4)


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    stream, held, runs = Stream("coverage", 1, {}), 0, 300
    draws = [[stream.below(10) for _ in range(10)] for _ in range(400)]
    for _ in range(runs):
        values = [sum(stream.below(1000) for _ in range(6)) / 1000 for _ in range(10)]
        _, low, high = interval(values, draws)
        held += low <= 2.997 <= high
    assert 0.91 <= held / runs <= 0.985  # plain percentiles: 0.89


def test_an_interval_with_zero_in_it_is_no_difference() -> None:
    assert [sign(i) for i in ((0.2, 0.1, 0.3), (-0.2, -0.3, -0.1), (0.1, -0.1, 0.3))] == [1, -1, 0]


def run_of(model: str, own: Sequence[float]) -> EvidenceRun:
    figures = {"own": {"sham": list(own)}, "fitness": {"sham": [0.0, -0.1, 0.1]}}
    return {
        "model": model, "seed": 1, "design": "", "at": "", "questions": 1, "samples": 4,
        "arms": {"ordinary": figures},
    }  # fmt: skip


def test_a_kind_is_told_by_the_model_that_it_was_measured_on(tmp_path: Path) -> None:
    shipped.keep(tmp_path, run_of("m/1", [-0.2, -0.3, -0.1]))
    said = shipped.says("m/1", "names", {"who": "ordinary"}, tmp_path)
    assert "beside a sham block: less spread, -0.20 (-0.30 to -0.10)" in said and "as fit" in said
    for model, kind, params in (
        ("m/2", "names", {"who": "ordinary"}),
        ("m/1", "names", {}),
        ("m/1", "acronym", {}),
        ("", "terms", {}),
    ):
        assert shipped.says(model, kind, params, tmp_path).startswith("not measured on")
    (shipped.own_folder(tmp_path) / "broken.json").write_text('{"arms": {"ordinary": 1}, "model":')
    # A later run without this arm hides nothing.
    shipped.keep(tmp_path, {**run_of("m/1", [0, 0, 0]), "samples": 9, "seed": 2, "arms": {}})
    assert "less spread" in shipped.says("m/1", "names", {"who": "ordinary"}, tmp_path)


def test_the_page_says_what_the_shipped_figures_say() -> None:
    root = Path(__file__).parents[3]
    said = (root / "docs" / "evidence.md").read_text("utf-8")
    assert said == pages.page(shipped.measured()), "python -m sessions.priming.evidence.page"
    assert not re.search(r"\bnan\b", said)


@pytest.mark.local_model
@pytest.mark.skipif(local.bundled_model() is None, reason="the small model is not installed")
@pytest.mark.timeout(300)
async def test_the_embedded_model_repeats_an_answer_by_its_seed(tmp_path: Path) -> None:
    """The smoke form of the experiment: two arms, one question, the real model."""
    config = BackendConfig(type="local", threads=1, slots=1, context=4_096)
    backend = local.LocalBackend("local", config, tmp_path)

    async def ask(
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
        seed: int = 0,
    ) -> Reply:
        return await backend.ask(
            Question(messages, schema=schema, max_tokens=60 if schema else 40, seed=seed)
        )

    arms = [ARMS["plain"], ARMS["verbalised"]]
    try:
        found = []
        for number, seed in enumerate((1, 1, 2)):
            results = Results(tmp_path / f"{number}.jsonl")
            results.open(backend.default_model, seed)
            small = ExperimentPlan(
                seed, 1 + (number == 0), arms[: 1 + (number == 0)], questions()[:1]
            )
            assert await run(small, ask, results)
            found.append([answer.text for answer in results.answers("plain", "library")])
            if number == 0:
                summary = summarise(results)
        assert found[0][:1] == found[1] != found[2] and all(found[0])
        assert found[0][0] != found[0][1]
        assert summary is not None and summary["arms"]["verbalised"]["tokens"]["mean"][0] > 20
    finally:
        await backend.close()


def test_how_long_it_takes_is_told_by_its_own_pace_and_against_the_minutes() -> None:
    assert how_far(3, 100, 3, 9.0, 30) == "3 of 100 cells", "too few to tell"
    assert how_far(100, 100, 50, 60.0, 30) == "100 of 100 cells"
    assert how_far(60, 100, 10, 60.0, 30) == "60 of 100 cells, about 4 min more at this pace"
    late = how_far(60, 1000, 10, 60.0, 30)
    assert late.endswith("94 min more at this pace; it stops after 30 min, and goes on when it is "
                         "called again")  # fmt: skip
    assert "stops" not in how_far(60, 1000, 10, 60.0, 0)


async def test_what_a_run_spent_is_told_in_dollars_where_a_price_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions.cli.evidence import _spent

    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    results = await results_of(tmp_path / "a.jsonl")
    assert "no price is known" in _spent(results, "small")
    (tmp_path / "config.toml").write_text("[prices.small]\ninput = 1e6\noutput = 0.0\n")
    told = _spent(results, "small")
    tokens_in = told.partition(" in,")[0].rpartition(" ")[2]
    assert f"(${tokens_in.replace(',', '')}.00)" in told and tokens_in != "0"
    (tmp_path / "config.toml").write_text("[prices.sm]\ninput = 1e6\noutput = 0.0\n")
    assert _spent(results, "small") == told, "by the beginning of its name, as everywhere"
