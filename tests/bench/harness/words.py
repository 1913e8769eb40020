"""Answers to stream: Markdown as models write it, lower case ASCII, the same for every run."""

from __future__ import annotations

import random
from collections.abc import Iterator

_TEXT = (
    "the session reads a file and writes what it found into the record so that nothing is lost "
    "when a turn ends or a tool fails we keep the text and mark it as it was before the change "
    "every block is drawn once and kept until its width or its content changes again"
)
_WORDS = _TEXT.split()
_CODE = (
    "def apply(self, event: Event) -> Block | None:\n"
    '    """take one event in."""\n'
    "    handler = self.handlers.get(type(event))\n"
    "    if handler is None:\n"
    "        return None  # nothing to show\n"
    "    for number in range(10):\n"
    '        print(f"{number}: {event}")\n'
)


def _sentence(rng: random.Random, length: int) -> str:
    words = [rng.choice(_WORDS) for _ in range(length)]
    if rng.random() < 0.5:
        words[rng.randrange(length)] = f"**{rng.choice(_WORDS)}**"
    if rng.random() < 0.4:
        words[rng.randrange(length)] = f"`{rng.choice(_WORDS)}()`"
    return " ".join(words)


def answer(seed: int) -> str:
    """One answer of about 2,500 characters: prose, a list, code, a table."""
    rng = random.Random(seed)
    parts = [f"## {_sentence(rng, 4)}\n\n"]
    for _ in range(3):
        parts.append(f"{_sentence(rng, rng.randint(20, 60))}.\n\n")
    parts += [f"- {_sentence(rng, rng.randint(5, 14))}\n" for _ in range(6)]
    parts.append(f"\n```python\n{_CODE * 2}```\n\n")
    parts.append("| name | count | why |\n|---|---:|---|\n")
    parts += [f"| {rng.choice(_WORDS)} | {rng.randint(1, 99)} | {_sentence(rng, 4)} |\n"] * 3
    parts.append(f"\n{_sentence(rng, 40)}.\n\n")
    return "".join(parts)


def tokens(seed: int) -> Iterator[str]:
    """Endless answers in tokens of about four characters."""
    number = 0
    while True:
        text = answer(seed * 1000 + number % 50)
        number += 1
        for start in range(0, len(text), 4):
            yield text[start : start + 4]
