"""Parameters of a draft by the names that a model has for them, in its text and its scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sessions.harvest.draft import SkillDraft
from sessions.harvest.parameters import MARKS

_TOLD = re.compile(r"- `([A-Z][A-Z0-9_]*)`: ")
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}\Z")


def rename_parameters(before: SkillDraft, after: SkillDraft, wanted: Any) -> None:
    """Give parameters of `before` the names that are `wanted` (by their own), in `after`.

    Those alone that are names, of its own parameters, and stand nowhere yet. What a script calls an
    argument goes along; a mark of what was taken out keeps its name.
    """
    if not isinstance(wanted, dict):
        return
    own = {found[1] for line in before.lines if (found := _TOLD.match(line.text))} - set(MARKS)
    texts = {p: t for p, data in after.files.items() if (t := _text(p, data)) is not None}
    taken = "\n".join([before.body, *texts.values()])
    for old, new in wanted.items():
        if old not in own or not isinstance(new, str) or not _NAME.match(new) or new in MARKS:
            continue
        if _word(new).search(taken):
            continue
        word = _word(old)
        after.lines = [replace(line, text=word.sub(new, line.text)) for line in after.lines]
        texts = {path: word.sub(new, text) for path, text in texts.items()}
        taken += f"\n{new}"
    after.files = after.files | {path: text.encode("utf-8") for path, text in texts.items()}


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")


def _text(path: str, data: bytes) -> str | None:
    try:
        return data.decode("utf-8") if path.startswith("scripts/") else None
    except UnicodeDecodeError:
        return None
