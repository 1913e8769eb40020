"""What the model is told of skills, step by step: a listing, then one body, then files.

The listing costs about a line a skill. A skill's text goes out when it is used, wrapped so that
it can't end the wrapper itself; what a reader would not see is taken out of it. A skill that is
off, or for the user alone, is not mentioned.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from skills import arguments
from skills import text as unseen
from skills.skill import Skill, State
from skills.tokens import estimate

MAX_DESCRIPTION = 600
"""Characters of a description in the listing: nine in ten have fewer than 440."""
MAX_FILES = 30
_OWN_TAGS = re.compile(r"<(/?\s*(?:skill_content|skill_files|available_skills)\b)", re.IGNORECASE)

MAX_CARRIED = 60_000
"""Characters of skills' text that go along to an agent that can't reach their folders."""
_READ_FIRST = (
    "Skills are folders of instructions for particular tasks. When a task matches a description, "
    "read the file at its location before you begin, and follow it."
)
_CARRIED = (
    "Skills are instructions for particular tasks. When a task matches a description, follow the "
    "skill's text. Their folders are on another machine than yours: a file that a text speaks of "
    "has to be asked for."
)
_NOT_CARRIED = "(Its text is too long to go along. Ask the user for it.)"

INTRODUCTION = (
    "Skills are folders of instructions for particular tasks. When a task matches a description, "
    "call the `skill` tool with that name before you begin, and follow what it returns."
)


def line(skill: Skill, state: State = State.ON) -> str:
    """A skill's line in the listing; "" if the model is not to know of it."""
    if skill.shadowed_by is not None:
        return ""
    if state is State.ON:
        return f"- {_escape(skill.name)}: {_escape(_cut(skill.description))}"
    return f"- {_escape(skill.name)}" if state is State.NAME_ONLY else ""


def block(skills: Iterable[Skill], states: Mapping[str, State]) -> str:
    """The listing of `skills` (those that `states` does not name are off); "" if it is empty."""
    lines = [line(skill, states.get(skill.name, State.OFF)) for skill in skills]
    lines = [text for text in lines if text]
    if not lines:
        return ""
    return "\n".join(["<available_skills>", INTRODUCTION, *lines, "</available_skills>"])


def handover(skills: Iterable[Skill], states: Mapping[str, State]) -> str:
    """The listing for an agent that reads files itself: with where each SKILL.md lies.

    The shape is that of the reference library's `to_prompt`, with the location escaped as well,
    and a sentence that says what to do with it.
    """
    parts: list[str] = []
    for skill in skills:
        state = states.get(skill.name, State.OFF)
        if not line(skill, state):
            continue
        parts += ["<skill>", "<name>", _escape(skill.name), "</name>"]
        if state is State.ON:
            parts += ["<description>", _escape(_cut(skill.description)), "</description>"]
        parts += ["<location>", _escape(str(skill.file)), "</location>", "</skill>"]
    return _listed(_READ_FIRST, parts)


def carried(skills: Iterable[Skill], states: Mapping[str, State]) -> str:
    """The listing for an agent on another machine: the texts themselves, as far as there is room.

    Raises:
        Unreadable: a SKILL.md is gone or broken.
    """
    parts: list[str] = []
    room = MAX_CARRIED
    for skill in skills:
        state = states.get(skill.name, State.OFF)
        if not line(skill, state):
            continue
        parts += ["<skill>", "<name>", _escape(skill.name), "</name>"]
        if state is State.ON:
            body = _OWN_TAGS.sub(r"&lt;\1", arguments.fill(skill.body().strip(), "", skill))
            room -= len(body)
            parts += ["<description>", _escape(_cut(skill.description)), "</description>"]
            parts += ["<skill_content>", body if room >= 0 else _NOT_CARRIED, "</skill_content>"]
            room += len(body) if room < 0 else 0
        parts.append("</skill>")
    return _listed(_CARRIED, parts)


def _listed(introduction: str, parts: list[str]) -> str:
    whole = ["<available_skills>", introduction, *parts, "</available_skills>"]
    return "\n".join(whole) if parts else ""


def content(skill: Skill, args: str = "") -> str:
    """A skill's text as it goes to the model when it is used.

    Raises:
        Unreadable: its SKILL.md is gone or broken.
    """
    body = arguments.fill(skill.body().strip(), args, skill)
    folder = _escape(str(skill.path))
    return "\n".join(
        [
            f'<skill_content name="{_escape(skill.name)}">',
            _OWN_TAGS.sub(r"&lt;\1", body),
            "",
            f"Folder of this skill: {folder}",
            "Paths in it are relative to that folder. Its scripts run through the shell tool.",
            *_files(skill),
            "</skill_content>",
        ]
    )


def _files(skill: Skill) -> list[str]:
    """The names of the skill's other files, at most `MAX_FILES`; none is read."""
    names: list[str] = []
    for path in skill.files():
        if path == Path("SKILL.md"):
            continue
        if len(names) == MAX_FILES:
            names.append("…")
            break
        names.append(_escape(path.as_posix()))
    return ["<skill_files>", *names, "</skill_files>"] if names else []


def budget(skills: Iterable[Skill], states: Mapping[str, State]) -> int:
    """Tokens of the listing, about."""
    return estimate(block(skills, states))


def _cut(description: str) -> str:
    if len(description) <= MAX_DESCRIPTION:
        return description
    return description[: MAX_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"


def _escape(text: str) -> str:
    return html.escape(unseen.one_line(text))
