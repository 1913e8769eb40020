"""What is asked, and the rules that an answer keeps or breaks: no judge is needed for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sessions.priming.parse import refuses

WORDS = (5, 75)
"""How long two sentences may be, in words."""
COPIED = 7
"""So many words of the prompt in a row are a copy, not an answer."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question with many good answers."""

    id: str
    kind: str
    text: str
    about: tuple[str, ...]
    """An answer that has none of these (as the beginning of a word) misses the subject."""
    without: tuple[str, ...] = ()
    """Words that the question forbids."""


def data_file(name: str) -> str:
    """A file that ships with the experiment."""
    return (files("sessions.priming.evidence") / "data" / name).read_text(encoding="utf-8")


@cache
def questions() -> tuple[OpenQuestion, ...]:
    """All questions, in the order in which they are asked."""
    return tuple(
        OpenQuestion(
            one["id"],
            one["kind"],
            one["text"],
            tuple(one["about"]),
            tuple(one.get("without", ())),
        )
        for one in json.loads(data_file("questions.json"))
    )


@cache
def terms() -> tuple[str, ...]:
    """The words that the arm `terms` draws from."""
    lines = data_file("terms.txt").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _whole(question: OpenQuestion, answer: str, prompt: str) -> bool:
    return answer.rstrip(" \"'”’)*").endswith((".", "!", "?"))


def _length(question: OpenQuestion, answer: str, prompt: str) -> bool:
    return WORDS[0] <= len(_words(answer)) <= WORDS[1]


def _on_subject(question: OpenQuestion, answer: str, prompt: str) -> bool:
    return any(word.startswith(question.about) for word in _words(answer))


def _obeys(question: OpenQuestion, answer: str, prompt: str) -> bool:
    return set(question.without).isdisjoint(_words(answer))


def _own(question: OpenQuestion, answer: str, prompt: str) -> bool:
    said, asked = _words(answer), f" {' '.join(_words(prompt))} "
    runs = (said[i : i + COPIED] for i in range(len(said) - COPIED + 1))
    return not any(f" {' '.join(run)} " in asked for run in runs)


def _no_loop(question: OpenQuestion, answer: str, prompt: str) -> bool:
    said = _words(answer)
    fours = [tuple(said[i : i + 4]) for i in range(len(said) - 3)]
    return len(fours) - len(set(fours)) <= 1


def _answers(question: OpenQuestion, answer: str, prompt: str) -> bool:
    return bool(answer.strip()) and not refuses(answer)


RULES: dict[str, tuple[str, Callable[[OpenQuestion, str, str], bool]]] = {
    "answers": ("says something, and is no refusal", _answers),
    "whole": ("ends as a sentence ends", _whole),
    "length": (f"has {WORDS[0]} to {WORDS[1]} words", _length),
    "subject": ("has a word of the question's subject", _on_subject),
    "obeys": ("does without the word that the question forbids", _obeys),
    "own": (f"copies no {COPIED} words in a row out of its prompt", _own),
    "loop": ("does not go round in a loop", _no_loop),
}


def kept(question: OpenQuestion, answer: str, prompt: str) -> dict[str, bool]:
    """Which rules an answer keeps; `prompt` is all that was asked, the block included."""
    return {name: rule(question, answer, prompt) for name, (_, rule) in RULES.items()}
