"""A draft's record: what another version has in it is kept, what is wrong in it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessions.errors import UsageError
from sessions.harvest.draft import DraftLine, SkillDraft


def written(folder: Path, **changes: Any) -> Path:
    draft = SkillDraft("tides", "Sums tides.", [DraftLine("Sum \udc80 them.", "b1")])
    path = draft.write(folder)
    record = json.loads((path / "harvest.json").read_bytes()) | changes
    (path / "harvest.json").write_text(json.dumps(record))
    return path


def test_what_a_newer_version_keeps_of_a_receipt_survives(tmp_path: Path) -> None:
    receipt = {"kind": "code", "from": {"session": "s"}, "signals": {}, "newer": [1]}
    draft = SkillDraft.read(written(tmp_path, receipts={"b1": receipt}))
    again = json.loads(draft.all_files()["harvest.json"])
    assert again["receipts"]["b1"] == receipt


@pytest.mark.parametrize(
    ("key", "value"),
    [("flags", "all"), ("lines", []), ("version", "two"), ("rounds", [1]), ("sha256", {"a": 1})],
)
def test_a_field_that_is_of_another_kind_is_named(tmp_path: Path, key: str, value: Any) -> None:
    path = written(tmp_path, **{key: value})
    with pytest.raises(UsageError, match=rf"is no draft: harvest\.json: .*{key}"):
        SkillDraft.read(path)


@pytest.mark.parametrize("record", ["", "[]", "null", "[" * 100_000])
def test_a_record_that_is_none_makes_no_draft(tmp_path: Path, record: str) -> None:
    path = written(tmp_path)
    (path / "harvest.json").write_text(record)
    with pytest.raises(UsageError, match="is no draft"):
        SkillDraft.read(path)
