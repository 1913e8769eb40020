"""The ways of asking that are compared: plain, sham, the primings, and two simple rivals.

The primings go the way that they go in a session: drawn by chance, read by the model, put before
the question by `inject.compose`. What the sham puts there has the same form and length, and is
what the model names first. The rivals put nothing there: several answers at once with their
likelihoods, those that are unlikely asked for (verbalised sampling, arXiv 2510.01171), and
directions that are planned first, one of them for each answer (arXiv 2605.30150).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from sessions.backends.base import Form, Reply
from sessions.priming import pipeline
from sessions.priming.arxiv.store import bundled
from sessions.priming.comparison import sham_items
from sessions.priming.evidence.measures import Answer
from sessions.priming.evidence.questions import OpenQuestion, terms
from sessions.priming.inject import compose
from sessions.priming.kinds import kind_of
from sessions.priming.model import JSON, Draw, Item
from sessions.priming.prompts import Subject
from sessions.priming.rng import Stream
from sessions.priming.untrusted import clean, made_nonce
from sessions.record.closed_sets import DrawnKind
from sessions.safety.reply_json import object_in

KEEP = 3
"""How many items a block has."""
GROUP = 4
"""How many answers the rivals make at once."""
SHARED = 2
"""How many answers a draw primes: its reading takes longer than they do."""
ANSWER_TOKENS = 80
ABSTRACT = 500
"""Characters of an abstract that are shown: a small model's time goes into reading."""
_ID = "p0evidence"
_LENGTH = 75
"""About how long a grammar lets gloss and reason be; a sham is as long."""


class SeededAsk(Protocol):
    """One question without tools, the sampling seeded where the server takes a seed.

    Raises BackendError.
    """

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
        seed: int = 0,
    ) -> Reply: ...


class Asked:
    """The questions of one cell: each has its own seed, and all of their tokens are counted."""

    def __init__(self, ask: SeededAsk, stream: Stream) -> None:
        self._ask = ask
        self.stream = stream
        self.tokens_in = self.tokens_out = 0

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
    ) -> Reply:
        """Ask one."""
        reply = await self._ask(
            messages, schema=schema, max_tokens=max_tokens, seed=self.stream.below(2**31)
        )
        self.tokens_in += sum(n for kind, n in reply.usage.items() if kind != "output")
        self.tokens_out += reply.usage.get("output", 0)
        return reply

    async def answer(self, prompt: str) -> str:
        """The answer to the question that a prompt ends with."""
        message = {"role": "user", "content": prompt}
        return (await self([message], max_tokens=ANSWER_TOKENS)).text.strip()

    def of(self, texts: Sequence[str], prompts: Sequence[str]) -> list[Answer]:
        """The answers, each with its share of the tokens."""
        share_in, share_out = self.tokens_in / len(texts), self.tokens_out / len(texts)
        return [
            Answer(text, prompt, round(share_in, 1), round(share_out, 1))
            for text, prompt in zip(texts, prompts, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class EvidenceArm:
    """One way of asking."""

    name: str
    title: str
    kind: DrawnKind | Literal[""] = ""
    """The priming that it is, with `params`; "" for none."""
    params: tuple[tuple[str, object], ...] = ()
    group: int = 1
    """How many answers come at once."""


ARMS: dict[str, EvidenceArm] = {
    arm.name: arm
    for arm in (
        EvidenceArm("plain", "plain: the question alone"),
        EvidenceArm("sham", "sham: what the model names first, in the same form", group=SHARED),
        EvidenceArm("acronym", "acronym", "acronym", (("count", 20),), SHARED),
        EvidenceArm("names", "names: known people", "names", (), SHARED),
        EvidenceArm("ordinary", "names: ordinary people", "names", (("who", "ordinary"),), SHARED),
        EvidenceArm("arxiv", "arXiv", "arxiv", (), SHARED),
        EvidenceArm("terms", "terms", "terms", (), SHARED),
        EvidenceArm("verbalised", "verbalised sampling", group=GROUP),
        EvidenceArm("directions", "direction planning", group=GROUP),
    )
}


async def answers(arm: EvidenceArm, question: OpenQuestion, asked: Asked) -> list[Answer]:
    """Ask the question in one way: one answer, or a group. Raises BackendError."""
    made_nonce.set(lambda: f"{asked.stream.below(2**32):08x}")
    if arm.kind or arm.name == "sham":
        prompt = await _primed(arm, question, asked)
        return asked.of(
            [await asked.answer(prompt) for _ in range(arm.group)], [prompt] * arm.group
        )
    if arm.name == "verbalised":
        return await _verbalised(question, asked)
    if arm.name == "directions":
        return await _directions(question, asked)
    return asked.of([await asked.answer(question.text)], [question.text])


async def _primed(arm: EvidenceArm, question: OpenQuestion, asked: Asked) -> str:
    """The prompt of a priming, or of the sham, as a session would be sent it."""
    subject = Subject(about=question.text)
    items: Sequence[Item]
    if arm.name == "sham":
        drawn = Draw(_ID, "terms", 0, kind_of("terms").read({}), [])
        like = Item("", "", "", "x" * _LENGTH, "x" * _LENGTH)
        items = await sham_items([like] * KEEP, asked, subject)
    else:
        drawn = await _drawn(arm, asked.stream)
        items = (await pipeline.expand(drawn, asked, subject, keep=KEEP)).items[:KEEP]
    chosen = list(items) or list(pipeline.raw_items(drawn, KEEP))
    if not chosen:
        return question.text
    nonce = made_nonce.get()()
    made = compose(drawn, chosen, follow_up=question.text, by="nobody", nonce=nonce)
    return made.text


async def _drawn(arm: EvidenceArm, stream: Stream) -> Draw:
    """A draw that needs no network: papers come from the sample that ships with agentdeck."""
    seed = stream.below(2**32)
    if arm.kind == "arxiv":
        papers = stream.shuffled(bundled())[:KEEP]
        params: JSON = {**kind_of("arxiv").read({}), "n": KEEP}
        shown = [{**p.to_json(), "abstract": clean(p.abstract, ABSTRACT)} for p in papers]
        return Draw(_ID, "arxiv", seed, params, shown, "bundled")
    given = dict(arm.params)
    if arm.kind == "terms":
        given |= {"terms": terms(), "n": KEEP}
    drawn = await pipeline.draw(arm.kind, given, seed=seed)
    few = drawn.draw[:KEEP] if arm.kind == "names" else drawn.draw
    return replace(drawn, id=_ID, draw=few)


# -- the rivals


async def _verbalised(question: OpenQuestion, asked: Asked) -> list[Answer]:
    prompt = (
        f"{question.text}\n\nGive {GROUP} different answers to this, each with p, the likelihood "
        "(0.00 to 1.00) that you would give it. Take them from the tails: each p below 0.10. "
        'Reply with JSON only: {"answers": [{"text": "…", "p": 0.05}]}'
    )
    found = await _listed(asked, prompt, "answers", "text", _VERBALISED, ANSWER_TOKENS)
    return asked.of(found, [prompt] * GROUP)


async def _directions(question: OpenQuestion, asked: Asked) -> list[Answer]:
    prompt = (
        f"{question.text}\n\nDo not answer yet. Plan {GROUP} directions in which answers could "
        "go, as different from one another as you can, each in at most eight words. Reply with "
        'JSON only: {"directions": [{"text": "…"}]}'
    )
    found = await _listed(asked, prompt, "directions", "text", _DIRECTIONS, 20)
    prompts = [
        f"{question.text}\nAnswer in this direction: {direction}." if direction else question.text
        for direction in found
    ]
    texts = [await asked.answer(each) for each in prompts]
    return asked.of(texts, prompts)


async def _listed(
    asked: Asked, prompt: str, key: str, field: str, grammar: str, tokens: int
) -> list[str]:
    """The texts of a list that the model writes; "" for those that are missing."""
    item: JSON = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "p": {"type": "number"}},
        "required": ["text"],
    }
    schema: JSON = {
        "type": "object",
        "properties": {key: {"type": "array", "items": item}},
        "required": [key],
    }
    reply = await asked(
        [{"role": "user", "content": prompt}],
        schema=Form(schema, grammar),
        max_tokens=GROUP * (tokens + 24),
    )
    texts = [clean(text, 1_000) for text in _texts(reply.text, key, field)]
    return [*texts, *[""] * GROUP][:GROUP]


def _texts(text: str, key: str, field: str) -> list[str]:
    try:
        return [str(row[field]) for row in object_in(text)[key]]
    except (TypeError, KeyError):
        return []


def _grammar(key: str, row: str, rules: str) -> str:
    rows = ' "," '.join([row] * GROUP)
    return f'root ::= "{{\\"{key}\\":[" {rows} "]}}"\n{rules}'


_SENTENCE = "[A-Z] [a-zA-Z0-9 ,;:'-]{15,150} [.!?]"
_VERBALISED = _grammar(
    "answers",
    '"{\\"text\\":\\"" said "\\",\\"p\\":0.0" [1-9] "}"',
    f'said ::= {_SENTENCE} (" " {_SENTENCE})?\n',
)
_DIRECTIONS = _grammar(
    "directions",
    '"{\\"text\\":\\"" said "\\"}"',
    "said ::= [A-Z] [a-zA-Z ,'-]{8,60}\n",
)
