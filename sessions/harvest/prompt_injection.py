"""Words in a recording that are meant for a model that reads it: flagged, and told in no draft."""

from __future__ import annotations

import re

INSTRUCTION = re.compile(
    r"(?i)\b(ignore (all |any )?(previous|prior|above|your) (instructions?|rules)|"
    r"disregard (the|all|your)|you are now|do not (tell|mention|reveal)|system prompt|"
    r"(note|message|instructions?) (to|for) (the |any )?(model|assistant|ai|agent|llm)\b|"
    r"add (this|the following) (curl|wget|command)|curl [^\n|]*\|\s*(ba)?sh)"
)
"""What reads like an instruction to a model."""
LEFT_OUT = "[left out: it reads like an instruction to a model]"
_PARTS = re.compile(r"(\n|(?<=[.!?;])\s+)")


def without_instructions(text: str) -> str:
    """A text whose lines and sentences that read like one are left out, which is said."""
    if not INSTRUCTION.search(text):
        return text
    kept = [LEFT_OUT if INSTRUCTION.search(part) else part for part in _PARTS.split(text)]
    told = "".join(kept)
    return LEFT_OUT if INSTRUCTION.search(told) else told
