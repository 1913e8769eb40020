"""Commands in a draft that no session ran: what a model wrote into it, by itself or as it was told.

A recording may hold words that are meant for the model that edits the draft. What it adds is found
by comparing what the two texts would run, whatever the model says that a line rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sessions.harvest.code_fences import fences
from sessions.harvest.commands import acts
from sessions.harvest.draft import SkillDraft

_SPAN = re.compile(r"`+([^`\n]+)`+")
_SHELL = re.compile(r"\s-{1,2}\w|[|>$&;]|https?://|\s[.~]?/|\w/\w")
"""What a command has and a term in the same marks has not."""
_PROGRAMS = """
curl wget sudo su ssh scp sftp rsync nc eval base64 chmod chown rm dd mkfs bash sh zsh powershell
python python3 perl ruby node npx uvx pip pip3 npm crontab systemctl docker osascript open xdg-open
"""
_KNOWN = frozenset(_PROGRAMS.split())
_IN_PROSE = re.compile(
    r"(?<![\w./`-])(?:curl|wget|sudo|ssh|scp|nc|eval|base64|chmod|rm|npx|uvx|crontab|powershell|"
    r"(?:ba|z)?sh|pip3? install|npm i(?:nstall)?)\s+(?:-{1,2}\w|https?://|[./~$'\"]|\w+\.\w)[^\n`]*"
)


def added_commands(before: SkillDraft, after: SkillDraft) -> list[str]:
    """Commands of the new text that do what nothing in the old one did, each once."""
    old = _whole(before)
    known = {act for command in _commands(old) for act in acts(command)}
    known |= {act for command in _ran(before) for act in acts(command)}
    found = []
    for command in _commands(_whole(after)):
        if command not in old and not set(acts(command)) <= known:
            found.append(command[:200])
    return [each for each in dict.fromkeys(found) if not any(each in o != each for o in found)]


def still_there(draft: SkillDraft) -> list[str]:
    """Of what models added to a draft, what stands in it now."""
    told = [str(each) for r in draft.rounds for each in r.get("added") or ()]
    whole = _whole(draft)
    return [each for each in dict.fromkeys(told) if each in whole]


def _whole(draft: SkillDraft) -> str:
    return f"{draft.description}\n\n{draft.body}"


def _ran(draft: SkillDraft) -> Iterator[str]:
    for receipt in draft.receipts.values():
        if command := (receipt.get("signals") or {}).get("command"):
            yield str(command)


def _commands(text: str) -> Iterator[str]:
    """What a text tells to run: in marks of code, in blocks, and in plain words."""
    for _, block in fences(text):
        yield from (line.strip().removeprefix("$ ") for line in block.splitlines() if line.strip())
    for span in _SPAN.findall(text):
        if _is_command(span.strip()):
            yield span.strip()
    yield from (found[0].strip() for found in _IN_PROSE.finditer(text))


def _is_command(span: str) -> bool:
    if len(span.split()) < 2:
        return False
    programs: Iterable[str] = (program for program, _ in acts(span))
    return bool(_SHELL.search(span)) or any(program in _KNOWN for program in programs)
