"""What a session is called: as its user says, else as its agent does, else by what was asked."""

from __future__ import annotations

import re
from typing import Protocol

MOST = 60
"""Characters of a name that was made of words."""
_LEAST = 24
_PRIMING = re.compile(r"\A\[priming (\w+) ·[^\n]*\]")
_OTHER = re.compile(r"(?<!\S)@session:[0-9a-z]+")
_MARKS = re.compile(r"\A(?:[#>*`\-\s]|\d+[.)]\s)+")


class Named(Protocol):
    """A summary, or a row of the index."""

    @property
    def title(self) -> str:
        """The user's."""

    @property
    def agent_title(self) -> str:
        """What the agent calls its session."""

    @property
    def auto_title(self) -> str:
        """What agentdeck made of it."""

    @property
    def about(self) -> str:
        """The beginning of the first message."""


def name_of(session: Named) -> str:
    """What a session is called; "" before its first message."""
    given = session.title.strip() or session.agent_title.strip() or session.auto_title.strip()
    return given or first_words(session.about)


def first_words(text: str, most: int = MOST) -> str:
    """The beginning of a message as a name: whole words, the first sentence if it will do."""
    if primed := _PRIMING.match(text):
        return f"primed: {primed[1]}"
    text = _OTHER.sub("another session", text)  # its id tells nobody anything
    words = " ".join(_MARKS.sub("", text).split())
    sentence = re.match(r".*?[.!?。！？](?=\s|\Z)", words)
    if sentence and _LEAST <= len(sentence[0]) <= most:
        return sentence[0].rstrip(".。")
    if len(words) <= most:
        return words
    cut = words[: most - 1]
    whole = cut.rpartition(" ")[0]
    return f"{whole if len(whole) >= most // 2 else cut}…"
