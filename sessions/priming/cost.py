"""What a step will take, told before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sessions.priming.prompts import ModelPrompt

_PIECES = re.compile(r"[A-Za-z]+|\d|[^\sA-Za-z\d]")
_CHARS_PER_TOKEN = 4.6


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens in and out; a guess to within a quarter or so, `output` the most it may be."""

    input: int
    output: int

    def usd(self, input_per_million: float, output_per_million: float) -> float:
        """What it costs at most, at prices in USD per million tokens."""
        return (self.input * input_per_million + self.output * output_per_million) / 1e6


def tokens(text: str) -> int:
    """About how many tokens a text is: words of letters by length, all else one apiece.

    Letter sets cost more than their length says, which counting characters would miss.
    """
    count = 0
    for piece in _PIECES.findall(text):
        if not piece.isalpha():
            count += 1
        elif piece.isupper() and len(piece) > 2:
            count += (len(piece) + 1) // 2
        else:
            count += max(1, round(len(piece) / _CHARS_PER_TOKEN))
    return count


def estimate(prompt: ModelPrompt, conversation_tokens: int = 0) -> Estimate:
    """Of a question asked after a conversation of that size (which is mostly cached)."""
    return Estimate(conversation_tokens + tokens(prompt.text), prompt.max_tokens)
