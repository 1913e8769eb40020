"""What people ask for, said as one would write it down: names of skills, and what they are for.

Small readings of English sentences. What is not read with certainty stays as it was said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from sessions.harvest.parameters import MARKS, file_kind
from sessions.harvest.rules import of_the_user

_POLITE = re.compile(
    r"(?i)\s*(?:(?:hi|hello|hey|dear \w+|ok(?:ay)?|so|well|now|then|please|kindly|again)\b"
    r"[\s,.:;!-]*"
    r"|(?:can|could|would|will) you\b(?: please| kindly| quickly| also)?\s+"
    r"|i(?:'d| would)? (?:want|need|like)(?: you)? to\s+|let(?:'s| us)\s+|help me(?: to)?\s+"
    r"|(?:how (?:can|could|do|should|would|may) (?:i|we|you|one)|how to)\s+"
    r"|we (?:need|have|want) to\s+"
    r"|it is time to\s+)"
)
_BEHIND = re.compile(r"(?i),?\s*(?:please|thanks|thank you|for me|for us)(?=\s*[.!?,]|\s*\Z)")
_QUESTIONS = re.compile(
    r"(?i)(?:why (?:is|are|was|were|does|do|did|has|have)|what (?:is|are|was|were)|"
    r"is|are|was|were|does|do|did|has|have)\s+(?!it\b|there\b|this\b|that\b|you\b|we\b|i\b)"
)
_WRITES = re.compile(
    r"(?i)(?:write|make|create|build|code)(?: me| us)? an? (?:[\w-]+ ){0,2}?"
    r"(?:script|program|tool|function|command|one-liner|macro) (?:that|which|to|for)\s+(\w+)\s*"
)
"""What asks for a program is asking for what that does."""
_OPEN = re.compile(
    r"(?i)what (?:could|can|might|may|would|will) (?!(?:i|we|you|one|they|it|the|a|an|my|our)\b)"
    r"[a-z]+(?: (?!(?:if|when|in|on|at|with|for|to|the|a)\b)[a-z]+)?"
)
"""What asks for what nobody has in mind yet ("what could go wrong")."""
_ASKED_LATER = re.compile(r"(?i)\bplease ([a-z]+) (?:them|it|that|this|those|these)\b")
_CLAUSE = re.compile(
    r"[:;?!()\"“”]|[.,](?=\s|\Z)|\s[-–—]\s"
    r"|\b(?:and|or|did|does|is|are|was|were|has|have|had)\b"
    r"|\b(?:that|who|which|whose|because|since|so|if|when|where|while|until|than|as)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(?:[\w.~-]*/)+[\w.*~-]*|\b[\w-]+(?:\.[\w-]+)*\.\w{1,5}\b|\b\w+\(\)|https?://\S+"
)
_MARK = re.compile(r"\b[A-Z]+(?:_[A-Z]+)*\b(?<=[A-Z]{4})")
"""What stands where something was taken out, or a parameter."""
_ARTICLES = """
a an the all any both each every few some several many most much more this that these those its
their our your my his her one two three four five six seven eight nine ten dozen whole entire own
new last next same following
"""
_DROPPED = frozenset(_ARTICLES.split())
_PRONOUNS = frozenset(
    ["me", "us", "it", "them", "him", "i", "you", "we", "they", "he", "she", "themselves", "itself"]
)
_KEPT = frozenset(
    ["for", "to", "by", "with", "without", "into", "about", "as", "between", "per", "against"]
)
"""Prepositions that a name keeps with what stands behind them; of others nothing is taken."""
_OTHERS_WORDS = """
in at on from over under below above behind within inside through during near via of off out up
down
"""
_OTHERS = frozenset(_OTHERS_WORDS.split())
_PARTICLES = frozenset(["up", "down", "out", "off"])
_GIVES = frozenset(["give", "show", "tell", "get", "bring", "suggest", "think", "find"])
_ABOUT = frozenset(
    ["enough", "again", "well", "just", "only", "also", "too", "very", "really", "quite"]
)
_NO_VERBS_WORDS = """
what why when where who whose is are was were do does did has have had am my our the a an this
that these those there here it they he she we you i in on at for from with no not never too if
as since because after before while and but or yes
"""
_NO_VERBS = frozenset(_NO_VERBS_WORDS.split())
_LONGEST = 5
"""Words of a name."""


@dataclass(frozen=True, slots=True)
class RequestRead:
    """What somebody asked for. `verb`: to do what, "" for what is no request; `told`: the rest.

    `own`: the verb is their own, not one that says what a question is for.
    """

    verb: str
    told: str
    own: bool = False


def wish(text: str) -> RequestRead:
    """A message as a request: without what is said out of politeness."""
    said = _BEHIND.sub("", " ".join(text.split()))
    while (polite := _POLITE.match(said)) and polite.end() < len(said):
        said = said[polite.end() :]
    if asked := _WRITES.match(said):
        return RequestRead(_base(asked[1].lower()), said[asked.end() :], own=True)
    first, _, rest = said.partition(" ")
    word = first.lower().strip(",.:;!?'\"")
    if word == "how" and (many := re.match(r"(?i)(?:many|much)\s+", rest)):
        return RequestRead("count", rest[many.end() :])
    if question := _QUESTIONS.match(said):
        does = "explain" if word in ("why", "what") else "check"
        return RequestRead(does, said[question.end() :])
    if word == "which" and rest:
        return RequestRead("find", re.sub(r"(?i)\Aof\s+", "", rest))
    if later := _ASKED_LATER.search(said):
        about = re.split(r"(?i)\s(?:fails?|is|are|was|were|has|have|do|does)\b", said)[0]
        return RequestRead(later[1].lower(), about, own=True)
    if not word.isalpha() or word in _NO_VERBS or not rest:
        return RequestRead("", said)
    if re.match(r"(?i)(?:is|are|was|were|has|have|fails?|does|can|should|must)\b", rest):
        return RequestRead("", said)
    if word in _GIVES:
        return RequestRead("find", re.sub(r"(?i)\A(?:me|us|of|about)\s+", "", rest))
    return RequestRead(word, rest, own=True)


def _base(verb: str) -> str:
    """A verb as one is told to do it: of "adds", "add"."""
    if verb.endswith("ies") and len(verb) > 4:
        return f"{verb[:-3]}y"
    if re.search(r"(?:[sxz]|ch|sh|o)es\Z", verb):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb


def skill_words(text: str) -> list[str]:
    """The words of a skill's name, by what was asked for: what is done, and to what.

    Empty where that is not plain.
    """
    if open_ := _OPEN.match(text):
        return ["find", *open_[0].lower().split()]
    asked = wish(text)
    if not asked.verb:
        return []
    verb, told = [asked.verb], asked.told
    if (particle := re.match(r"(\w+)\s+", told)) and particle[1].lower() in _PARTICLES:
        verb, told = [asked.verb, particle[1].lower()], told[particle.end() :]
    thing = _cut(_thing(told) or _file_named(told), _LONGEST - len(verb))
    return [*verb, *thing] if thing else []


def _thing(told: str) -> list[str]:
    """What it is done to, and for what: words up to the end of the clause."""
    told = _MARK.sub(" ", _PLACE.sub(" § ", told))
    clause = _CLAUSE.split(told)[0]
    words = re.findall(r"§|[^\W_]+(?:['’]\w+)?", clause)
    out: list[str] = []
    skips = False
    for at, word in enumerate(words):
        low = re.split("['’]", word.lower())[0]
        if low in _PRONOUNS and out:
            break
        if low == "of" and out and (of := _owner(words[at + 1 :])):
            out.insert(len(out) - 1, of)  # "the tests of the parser" are the parser tests
            skips = True
        elif low in _KEPT or low in _OTHERS or low == "§":
            skips = low in _OTHERS
            out += [low] if low in _KEPT else []
        elif not skips and low not in _DROPPED | _PRONOUNS | _ABOUT and not low.isdigit():
            out.append(low)
    return out


def _owner(words: list[str]) -> str:
    named = [w.lower() for w in words[:3] if w.lower() not in _DROPPED]
    return named[0] if named and named[0] not in _KEPT | _OTHERS | _PRONOUNS | {"§"} else ""


def _file_named(told: str) -> list[str]:
    """The words of a file's name, where nothing else says what it is done to."""
    found = re.match(r"(?:the |my |our )?([\w-]+)(?:\.\w{1,5})+\b", told)
    return [w.lower() for w in re.findall(r"[^\W\d_]{3,}", found[1])][:3] if found else []


def _cut(words: list[str], longest: int) -> list[str]:
    """At most so many words, and no preposition at the beginning, the end, or before another."""
    following = [*words[1:], ""]
    kept = [w for w, after in zip(words, following, strict=False)
            if w not in _KEPT or (after and after not in _KEPT)]  # fmt: skip
    kept = kept[:longest]
    while kept and kept[-1] in _KEPT:
        kept.pop()
    while kept and kept[0] in _KEPT:
        kept.pop(0)
    return kept


_INSIDE = re.compile(r"(?i)\b(?:in|from|under|below|inside|into|of|to|at|for)\s+\Z")


def purpose(text: str) -> str:
    """What somebody asked for, as what a skill is for ("plot the rain in a CSV file").

    Its places are said by their kind. "" for what is no request to do something.
    """
    asked = wish(text)
    if not asked.own:
        return ""
    told = re.split(r"(?<=\w)[.?!;:](?=\s|\Z)", asked.told)[0]
    out, at = "", 0
    for found in _PLACE.finditer(told):
        out += told[at : found.start()] + _place(found[0], told[: found.start()])
        at = found.end()
    out = re.sub(r"\ban? (\S+) file and an? \1 file\Z", r"two \1 files", out)
    said = of_the_user(out + told[at:]).replace("the user's", "their").replace("the user", "them")
    said = re.sub(rf"(?<=\b(?:to|on|of|by|at) ){_MARK.pattern}", _in_words, said)
    said = re.sub(rf"\s*{_MARK.pattern}", "", said)
    said = said[:1].lower() + said[1:] if said[:2] in ("Th", "Al", "My", "Ou") else said
    return " ".join(f"{asked.verb} {said}".split())[:200].rstrip(" ,.")


def _in_words(mark: re.Match[str]) -> str:
    return MARKS.get(mark[0], mark[0])


def _place(path: str, before: str) -> str:
    if path.startswith("http"):
        return "an address on the web"
    if path.endswith("()"):
        return path
    if "." in PurePosixPath(path).name.strip("."):
        return file_kind(path) or "a file"
    plain = path.endswith("/") or path.startswith(("~", ".", "/")) or path.count("/") > 1
    return "a folder" if plain or _INSIDE.search(before) else path
