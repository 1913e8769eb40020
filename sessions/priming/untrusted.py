"""Foreign text: abstracts, names, readings, whatever a model or a stranger wrote.

Three guards, none of which is enough alone: what can't be seen is taken out, what looks like
an instruction is flagged, and all of it is quoted between markers that it can't know.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

# Controls, surrogates, invisible and reordering characters. ZWJ and ZWNJ are among them: they
# have a use in some scripts and in emoji, but in an abstract they mostly hide words.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\ud800-\udfff\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SPACE = re.compile(r"\s+")

_INSTRUCTIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "tells the model to drop its instructions",
            r"\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,40}"
            r"\b(?:previous|prior|above|earlier|preceding|all|any|your|system)\b[^.]{0,30}"
            r"\b(?:instruction|prompt|rule|direction|guideline|message|polic)",
        ),
        (
            "speaks to a language model",
            r"\b(?:as an? (?:ai|llm|language model|assistant)\b|(?:dear|attention|note to|hey) "
            r"(?:ai|llms?|language models?|assistants?|chatgpt|claude|gpt|gemini)\b|"
            r"if you are an? (?:ai|llm|language model|assistant))",
        ),
        (
            "asks for a verdict on itself",
            r"\b(?:give|write|provide|output|return|recommend)\b[^.]{0,30}"
            r"\b(?:positive|favou?rable|glowing) (?:review|rating|assessment|evaluation)|"
            r"\bdo not (?:mention|highlight|list) any (?:negative|weakness|limitation)",
        ),
        (
            "imitates the frame of a conversation",
            r"<\|?(?:im_start|im_end|system|endoftext|assistant|user)\|?>|\[/?INST\]|"
            r"</?(?:system|tool_use|tool_result|function_calls|instructions?)\b[^>]{0,40}>|"
            r"(?:^|[\n.] ?)(?:system|assistant|human|user) ?: ",
        ),
        (
            "asks for an action",
            r"\b(?:run|execute|invoke|call|use) (?:the |a |this |following )*"
            r"(?:shell|bash|command|tool|terminal|script|curl|function call)\b|"
            r"\bcurl\s+-|\brm -rf\b|\b(?:reveal|print|send|leak|exfiltrate|upload)\b[^.]{0,30}"
            r"\b(?:system prompt|api[ _-]?keys?|password|secret|credential|environment variable)",
        ),
        (
            "asks for secrecy or a role",
            r"\byou (?:are|must) now\b|\bfrom now on,? you\b|\bdo not tell the user\b|"
            r"\bnew instructions?\s*:|\bjailbreak",
        ),
    )
)


def clean(text: str, limit: int = 0) -> str:
    """One line without controls, invisible or reordering characters, NFC, spaces collapsed.

    Cut to `limit` characters (0: not at all), with an ellipsis.
    """
    if limit:
        # What lies far beyond the limit is not worth normalising.
        text = text[: limit * 4 + 64]
    line = _SPACE.sub(" ", _INVISIBLE.sub("", text.replace("\r", "\n"))).strip()
    line = unicodedata.normalize("NFC", line)
    if limit and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


def clean_block(text: str, limit: int = 0) -> str:
    """As `clean`, but line breaks stay."""
    return "\n".join(clean(line) for line in text.splitlines())[: limit or None].strip()


def hidden(text: str) -> int:
    """How many characters `clean` takes out; plain line breaks and tabs don't count."""
    return len(_INVISIBLE.findall(text.replace("\r\n", "\n").replace("\r", "\n")))


def instructions_in(text: str) -> list[str]:
    """What in a text looks like an instruction to the reader's model, one phrase a finding."""
    visible = clean(text)
    return [name for name, pattern in _INSTRUCTIONS if pattern.search(visible)]


def _by_chance() -> str:
    return secrets.token_hex(4)


made_nonce: ContextVar[Callable[[], str]] = ContextVar("made_nonce", default=_by_chance)
"""Who makes nonces here: an experiment that can be repeated makes them from its seed."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A block between markers, and the nonce that they carry."""

    text: str
    nonce: str


def quote(body: str, nonce: str | None = None) -> Quoted:
    """Put a block between `<<<nonce` and `nonce>>>`; the nonce is not in the block.

    A block that was written before the nonce was made can't hold its own closing marker.
    A given nonce (for a replay) is taken only if it does not occur.
    """
    while not nonce or nonce in body:
        nonce = made_nonce.get()()
    return Quoted(f"<<<{nonce}\n{body}\n{nonce}>>>", nonce)
