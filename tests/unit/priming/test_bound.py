"""Small models are held to a grammar: what they read in a draw can be read, and is of the draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sessions.backends import local
from sessions.backends.base import Form, Question, Reply
from sessions.config.model import BackendConfig
from sessions.priming import pipeline
from sessions.priming.arxiv.store import bundled
from sessions.priming.checks import SERIOUS
from sessions.priming.grammar import bound_form
from sessions.priming.model import Draw
from sessions.priming.prompts import Subject, expand_prompt

ABOUT = Subject(about="storing sensor readings")


async def drawn(kind: str, **params: object) -> Draw:
    """A draw of this kind, without a network."""
    if kind != "arxiv":
        return await pipeline.draw(kind, params, seed=5)
    papers = [{**p.to_json(), "abstract": p.abstract[:60]} for p in bundled()[:2]]
    return Draw("p1", "arxiv", 5, {"month": ""}, papers, source="bundled")


PARAMS: dict[str, dict[str, object]] = {
    "acronym": {},
    "names": {},
    "terms": {"terms": ["hysteresis", 'back "pressure']},
    "arxiv": {},
}
SHORT: dict[str, dict[str, object]] = {
    "acronym": {"count": 2},
    "names": {"letters": "AJ"},
    "terms": PARAMS["terms"],
    "arxiv": {},
}
"""What a small model reads in a few seconds, by all that it is asked."""


@pytest.mark.parametrize("kind", PARAMS)
async def test_every_question_carries_a_grammar_of_its_draw(kind: str) -> None:
    draw = await drawn(kind, **PARAMS[kind])
    schema = expand_prompt(draw, ABOUT, 2).schema
    assert isinstance(schema, Form) and schema["required"] == ["items"]
    wanted = draw.draw[0]["id"] if kind == "arxiv" else draw.draw[0]
    assert str(wanted) in schema.grammar
    assert schema.grammar.count("\n") == len(schema.grammar.strip().splitlines())


async def test_a_further_stage_of_names_is_bound_to_its_letters() -> None:
    grammar = bound_form(await drawn("names"), 2, ["Q", "X"], 2)
    assert '"Q"' in grammar and '"X"' in grammar and "handle" in grammar


@pytest.mark.local_model
@pytest.mark.skipif(local.bundled_model() is None, reason="the small model is not installed")
@pytest.mark.timeout(300)
async def test_the_embedded_model_reads_every_kind(tmp_path: Path) -> None:
    # With one slot, what it has read of a question is there when the next stage begins with it.
    config = BackendConfig(type="local", threads=1, slots=1, context=4_096)
    backend = local.LocalBackend("local", config, tmp_path)

    async def ask(
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
    ) -> Reply:
        return await backend.ask(Question(messages=messages, schema=schema, max_tokens=max_tokens))

    try:
        for kind, params in SHORT.items():
            draw = await drawn(kind, **params)
            found = await pipeline.expand(draw, ask, ABOUT, keep=1)
            assert len(found.items) == 1 and found.how == "json", (kind, found.reply)
            assert not found.items[0].flagged(*SERIOUS), (kind, found.items[0])
            if kind == "names":
                after = await pipeline.deepen(found, ask, ABOUT, letters=draw.draw[:1], keep=1)
                assert after.stage == 2 and after.how == "json"
    finally:
        await backend.close()
