"""A draft's `harvest.json`: what it was when it was written, with the receipts of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypedDict, cast

import msgspec

from sessions.api.harvest import CheckShown, DraftReceipt, DraftRound

NAME = "harvest.json"


class DraftRecord(TypedDict, total=False):
    """The file. `lines`: byproducts' ids by the number of a line of `skill_md`, the text as it was
    written; `sha256`: of each file then; `files`: each file's byproduct."""

    format: int
    version: int
    name: str
    lines: dict[str, str]
    files: dict[str, str]
    changed_files: list[str]
    receipts: dict[str, DraftReceipt]
    redactions: dict[str, int]
    flags: list[str]
    rounds: list[DraftRound]
    checks: dict[str, CheckShown]
    into: str
    skill_md: str
    sha256: dict[str, str]


class _Outline(msgspec.Struct):
    """What must be right for it to be used; what another version has within is kept as it is."""

    version: int = 1
    lines: dict[str, str] = {}
    files: dict[str, str] = {}
    changed_files: list[str] = []
    receipts: dict[str, dict[str, Any]] = {}
    redactions: dict[str, int] = {}
    flags: list[str] = []
    rounds: list[dict[str, Any]] = []
    checks: dict[str, dict[str, Any]] = {}
    into: str = ""
    skill_md: str = ""
    sha256: dict[str, str] = {}


def recorded(folder: Path) -> DraftRecord:
    """The record beside a SKILL.md. Raises OSError, ValueError: it is none, or not what it must be.

    Read by json: what was said in a session may hold a lone surrogate, which msgspec refuses.
    """
    try:
        data = json.loads((folder / NAME).read_bytes())
        msgspec.convert(data, _Outline)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"{NAME}: {error}") from error
    return cast("DraftRecord", data)
