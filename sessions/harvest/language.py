"""Small readings of what people write: corrections, questions, terms, commands."""

from __future__ import annotations

import re

CORRECTION = re.compile(
    r"^\s*(no\b|nope|wrong|actually|stop\b|don'?t\b|do not\b|not like|instead\b|that'?s not|"
    r"this is not|please don'?t|never\b|you (forgot|missed|should have)|i (said|meant|asked)|"
    r"still (wrong|broken|fail)|(shorter|longer|simpler|less|fewer)\b|"
    r"(that'?s |it'?s |this is |still )?too \w+|always\b|make (it|them|this|that|these|those)\b|"
    r"(we|i)('d| would)? (rather|prefer)\b|(we|i) (always|never)\b|"
    r"(it|they|that|this|these|those) (should|must|shouldn'?t|mustn'?t) |use\b[^.?!]* instead of\b|"
    r"keep (it|them|this|that)\b)|"
    r"\b(instead of that|not what i (asked|meant|wanted))\b|\binstead\s*[.!]?\s*\Z|"
    r"[.!?]\s+(never|don'?t|do not|always)\b|,? and (never|always)\b",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"\?\s*$|^\s*(how|why|what|which|when|where|who|can|could|should|is|are|does|do)\b.*\?",
    re.IGNORECASE | re.MULTILINE,
)
PROPOSAL = re.compile(
    r"\b(?:shall|should|want|would|like|make|turn|save|keep|create|write|package)\b"
    r"[^.?!\n]*\bskill\b[^.?!\n]*\?",
    re.IGNORECASE,
)
"""A model asks whether a skill is to be made."""
YES = re.compile(
    r"\s*(?:y|yes|yep|yeah|sure|ok|okay|please do|do it|do that|go ahead|make it|ja|gern|oui|sí)"
    r"(?:[\s,]+(?:please|do|do it|do that|go ahead|make it|bitte))*[\s.!]*\Z",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_PATH = re.compile(r"(?:[\w.~-]*/)[\w./~-]+")
_NUMBER = re.compile(r"\b\d+\b")


# What asks and describes alike: a description that holds these says nothing by them.
_COMMON = """
about also answer around asked asking asks because been before being between both brings build call
called came changed could create does doing done down each else even ever every find first from gave
getting gets give gives going good have having help here hers into just keep kind know known last
less like list long look made make makes many mean might more most much must need needs never next
only other ours over please recorded right said same session sessions shall should show since skill
skills some something still such take tell than that their them then there these they thing things
this those through today told tool tools turn under upon used user users uses using very want wants
well went were what when where which while will with work would write writes yesterday your yours
"""
_NO_TERMS = frozenset(_COMMON.split())


def telling_terms(text: str) -> set[str]:
    """Words that tell what a text is about."""
    return content_terms(text) - _NO_TERMS


def content_terms(text: str) -> set[str]:
    """Words of four letters and more."""
    return {word.lower() for word in _WORD.findall(text)}


def normal_command(command: str) -> str:
    """A command without what varies: paths by their last part, numbers by a mark."""
    joined = " ".join(command.split())
    if "/" in joined:
        joined = _PATH.sub(lambda found: found[0].rstrip("/").rsplit("/", 1)[-1], joined)
    return _NUMBER.sub("#", joined)
