"""What people correct, said as the rules that it gives, and what they say of themselves said of the
user.

Small readings of English sentences. What is not read with certainty stays as it was said.
"""

from __future__ import annotations

import re

_BEFORE = re.compile(
    r"(?i)\s*(?:no+pe\b[\s,.:;!–-]*|no\s*[,.:;!–-]+\s*|(?:wrong|actually|well|ok(?:ay)?|hm+|sorry|stop|"
    r"wait|and|but|please|yes|right|good|fine|thanks|also)\s*[,.:;!–-]+\s*|(?:but|and|actually|please)\s+|"
    r"(?:can|could|would|will) you (?:please )?)"
)
_IMPERATIVES = """
add avoid begin call change check cut drop ensure explain give include keep leave let list make
mention move name omit order prefer put quote read remove rename replace return round run say show
skip sort split start stay stick stop take tell test translate treat try use write
"""
_PARTS = re.compile(
    r"(?<=[.!?])\s+|\s*;\s+|,?\s+(?:and|but)\s+(?=(?:never|always|don'?t|do not|"
    r"(?:we|i) (?:say|use|write|call|always|never)|"
    rf"{'|'.join(_IMPERATIVES.split())})\b)",
    re.IGNORECASE,
)
_TURNED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?i)\A(?:{pattern})"), into)
    for pattern, into in (
        (r"(?:that'?s|that is|this is|it'?s) not what (?:i|we) \w+(?: for)?\s*(?:[:,.]\s*|\Z)", ""),
        (r"not what (?:i|we) \w+(?: for)?\s*(?:[:,.]\s*|\Z)", ""),
        (r"(?:i|we) (?:said|meant|asked for|asked|told you)(?: that| to)?[:,]?\s+", ""),
        (r"you(?:'ve| have)? (?:forgot|missed|left out|forgotten)\s+", "Don't forget "),
        (r"you should have (?:asked|said|told)", "Ask"),
        (r"(?:i|we)(?:'d| would)? (?:rather|prefer(?: to)?)(?: have| see)?\s+", "Prefer "),
        (r"(?:i|we) (?:always)\s+", "Always "),
        (r"(?:i|we) (?:never|don'?t)(?: want(?: to)?| like(?: to)?)?\s+", "Never "),
        (r"(?:i|we) (?=(?:say|use|write|call|keep|spell|put|name|begin|start|run)\b)", ""),
        (r"(?:i|we) (?:want|need|like)(?: to have| to see)?\s+(?!to\b)", "Give "),
        (r"(?:that'?s|this is|it'?s|they'?re|still) (?=too \w)", "Not "),
        (r"(?=too \w+)", "Not "),
        (r"(?=(?:shorter|longer|simpler|clearer|smaller|larger|friendlier)\b)", "Make it "),
    )
)  # fmt: skip
_EMPTY = re.compile(
    r"(?i)(?:(?:it'?s |that'?s |this is )?still (?:wrong|broken|failing|fails?)|wrong|nope?|stop|"
    r"never|not like (?:that|this)|that'?s (?:wrong|not right)|right|good|thanks?(?: you)?|yes|ok)"
    r"\s*[.!?]*"
)
_VERB_OF_I = re.compile(
    r"\bI (?!am\b|have\b|was\b|will\b|would\b|can\b|could\b|had\b)([a-z]{2,})\b"
)
_MINE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"\bI'?m\b|\bI am\b", "the user is"),
        (r"\bI'?ve\b|\bI have\b", "the user has"),
        (r"\bI'?ll\b|\bI will\b", "the user will"),
        (r"\bI'?d\b", "the user would"),
        (r"\bI\b", "the user"),
        (r"\b([Oo]f) mine\b", r"\1 the user's"),
        (r"\b[Mm]ine\b", "the user's"),
        (r"\b[Mm]y\b", "the user's"),
        (r"\b[Mm]e\b", "the user"),
    )
)  # fmt: skip


def as_rules(text: str) -> list[str]:
    """A correction as the rules that it gives, one sentence each; empty where it gives none."""
    rules: list[str] = []
    for part in _PARTS.split(" ".join(text.split())):
        said = part.strip()
        while (before := _BEFORE.match(said)) and before.end():
            said = said[before.end() :]
        said = re.sub(r"(?i),?\s*please(?=\s*[.!?]*\Z)", "", said)
        for pattern, into in _TURNED:
            if found := pattern.match(said):
                rest = said[found.end() :]
                said = into + (rest[:1].lower() + rest[1:] if into else rest)
                break
        said = re.sub(r"(?i)\A(Prefer .*?) than ", r"\1 to ", said)
        if said and not _EMPTY.fullmatch(said) and re.search(r"\w", said):
            rules.append(_sentence(of_the_user(said)))
    return list(dict.fromkeys(rules))


def of_the_user(text: str) -> str:
    """What somebody says of themselves, said of the user."""
    text = _VERB_OF_I.sub(lambda found: f"the user {third_person(found[1])}", text)
    for pattern, into in _MINE:
        text = pattern.sub(into, text)
    return text


def third_person(verb: str) -> str:
    """A verb as somebody does it."""
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


def _sentence(text: str) -> str:
    text = text.strip().rstrip(",;:")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
