"""`/name args`: what the user typed after the name, put where the skill wants it.

As in Claude Code: `$ARGUMENTS` is all of it, `$ARGUMENTS[0]` and `$0` the first word (words are
split as a shell would), `$name` what the frontmatter's `arguments` calls so, and
`${CLAUDE_SKILL_DIR}` the skill's folder. Without a place for them they follow at the end. One
pass: what is put in is never looked at again. `` !`command` `` stays text; nothing is run.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from skills import parse
from skills import text as unseen

if TYPE_CHECKING:
    from skills.skill import Skill

_PLACE = re.compile(
    r"\$(?:ARGUMENTS\[(?P<index>\d{1,3})\]|(?P<all>ARGUMENTS)\b"
    r"|\{(?P<braced>ARGUMENTS|CLAUDE_SKILL_DIR|SKILL_DIR)\}"
    r"|(?P<short>\d{1,2})(?!\d)|(?P<name>[A-Za-z_]\w*))"
)


def words(args: str) -> list[str]:
    """`args` as words; a quote that is never closed is a letter like any other."""
    try:
        return shlex.split(args)
    except ValueError:
        return args.split()


def fill(body: str, args: str, skill: Skill) -> str:
    """`body` with the arguments in their places."""
    args = unseen.clean(args).strip()
    given = words(args)
    names = parse.text_of(skill.values.get("arguments")).replace(",", " ").split()
    placed = False

    def put(match: re.Match[str]) -> str:
        nonlocal placed
        braced = match["braced"]
        if braced in ("CLAUDE_SKILL_DIR", "SKILL_DIR"):
            return str(skill.path)
        if match["all"] or braced:
            placed = True
            return args
        number = match["index"] or match["short"]
        if match["name"] is not None:
            if match["name"] not in names:
                return match.group()
            number = str(names.index(match["name"]))
        # Without a word for it the place stays: `$1` is also what shell and awk code says.
        if int(number) >= len(given):
            return match.group()
        placed = True
        return given[int(number)]

    filled = _PLACE.sub(put, body)
    return filled if placed or not args else f"{filled}\n\nARGUMENTS: {args}"


def command(text: str) -> tuple[str, str] | None:
    """`/name args` or `$name args` as name and arguments; None if `text` is neither."""
    match = re.match(r"[/$]([^\s/$]{1,64})(?:\s+(.*))?\Z", text.strip(), re.DOTALL)
    return (match[1], (match[2] or "").strip()) if match else None
