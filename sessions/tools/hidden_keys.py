"""The mark of a hidden key in what the model wants to write: the true value, or a refusal.

A model reads `[key hidden]` where a file holds a key. Writing that back would destroy the key, so
the value is put back wherever it is plain which one is meant: the file holds one key, or the mark
stands in a line that is as it was but for other words.
"""

from __future__ import annotations

import re

from sessions.errors import AgentdeckError
from sessions.record.textlines import lines
from sessions.safety import secrets_filter
from sessions.safety.secrets_filter import MARK


class Ambiguous(AgentdeckError):
    """It is not plain which key a mark stands for."""


def put_back(text: str, before: str) -> str:
    """`text` with the keys for which its marks stand, by what the file held `before`.

    Raises Ambiguous.
    """
    if MARK not in text or not secrets_filter.known.values:
        return text
    held = [value for value in secrets_filter.known.values if value in before]
    if not held:
        if MARK in before:
            return text  # it is the file's own text
        raise Ambiguous(
            f"The text holds {MARK}, which stands for a key that you are not shown, but the file "
            "holds no such key. Nothing was written.",
            "Name a variable of the environment instead, or ask the user to fill the key in.",
        )
    if len(held) == 1:
        return text.replace(MARK, held[0])
    return "\n".join(_line(line, before, held) for line in text.split("\n"))


def _line(line: str, before: str, held: list[str]) -> str:
    if MARK not in line:
        return line
    alike = [true for true in lines(before) if secrets_filter.hide(true) == line]
    if len(set(alike)) == 1:
        return alike[0]
    start = line.partition(MARK)[0].lstrip()
    named = [
        true
        for true in lines(before)
        if start.strip() and secrets_filter.hide(true).lstrip().startswith(start + MARK)
    ]
    values = {value for true in named for value in held if value in true}
    if len(values) == 1 and line.count(MARK) == 1:
        return line.replace(MARK, values.pop())
    raise Ambiguous(
        f"It is not plain which of {len(held)} keys {MARK} stands for in: {line.strip()[:100]}. "
        "Nothing was written.",
        "Change the lines around it with Edit, and leave the lines with keys as they are.",
    )


def edit(old: str, new: str, before: str) -> tuple[str, str]:
    """A replacement as it is meant: the keys in the text that it replaces, and in the new one.

    Raises Ambiguous.
    """
    if MARK not in old:
        return old, put_back(new, before)
    found = _as_it_stands(old, before)
    if found is None:
        return old, put_back(new, before)  # it is not there at all, which the edit will say
    return found, put_back(new, found)


def _as_it_stands(shown: str, before: str) -> str | None:
    """The part of a file that was shown so; None where there is none, or it is the file's words."""
    held = [value for value in secrets_filter.known.values if value in before]
    if shown in before or not held:
        return None
    any_key = "(?:" + "|".join(re.escape(value) for value in held) + ")"
    pattern = any_key.join(re.escape(part) for part in shown.split(MARK))
    places = {match.group() for match in re.finditer(pattern, before)}
    if len(places) > 1:
        raise Ambiguous(
            f"The text to be replaced holds {MARK} and fits {len(places)} places with different "
            "keys. Nothing was written.",
            "Give more of its surroundings.",
        )
    return places.pop() if places else None


def refuse(text: str) -> None:
    """For what is run rather than written. Raises Ambiguous where a mark stands in it."""
    if MARK in text and secrets_filter.known.values:
        raise Ambiguous(
            f"The command holds {MARK}, which stands for a key that you are not shown; it would "
            "be run with those words. It was not run.",
            "Read the key from its file or variable within the command instead.",
        )
