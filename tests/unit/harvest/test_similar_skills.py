"""Merge first: neighbours are found, edits of both sides survive."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sessions.harvest.draft import DraftLine, SkillDraft
from sessions.harvest.similar_skills import neighbours, three_way

BODY = "Sum every column of a table and print the totals as a new row at the end.\n"
CODE = b"import csv\nimport sys\ntotal = sum(float(row[0]) for row in csv.reader(sys.stdin))\n"


def skill(root: Path, name: str, body: str, code: bytes = b"") -> Path:
    folder = root / name
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: About it.\n---\n\n{body}")
    (folder / "scripts" / "run.py").write_bytes(code)
    return folder


def test_near_skills_are_named_nearest_first(tmp_path: Path) -> None:
    draft = SkillDraft(
        "sum-table", "About it.", [DraftLine(BODY.strip())], {"scripts/run.py": CODE}
    )
    same = skill(tmp_path, "table-totals", BODY, CODE)
    named = skill(tmp_path, "sum-table", "Something else entirely, about boats.")
    other = skill(tmp_path, "sing", "Sing songs of the sea in four voices with a choir of gulls.")
    found = neighbours(draft, [other, named, same])
    assert [n.name for n in found] == ["table-totals", "sum-table"]
    assert [n.offer for n in found] == ["update", "update"]


def test_edits_of_both_sides_survive() -> None:
    base = "a\nb\nc\nd\ne\n"
    merge = three_way(base, "a\nB\nc\nd\ne\n", "a\nb\nc\nd\nE\nf\n")
    assert merge.text == "a\nB\nc\nd\nE\nf\n" and merge.conflicts == 0


def test_a_clash_keeps_both_between_marks() -> None:
    merge = three_way("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n")
    assert merge.conflicts == 1
    assert "mine" in merge.text and "theirs" in merge.text


LINES = st.lists(st.sampled_from("abcdef"), max_size=12).map(lambda p: "\n".join(p) + "\n")


@given(LINES, LINES)
def test_an_untouched_side_yields_to_the_other(base: str, edited: str) -> None:
    def lines(text: str) -> list[str]:
        return text.splitlines()

    assert lines(three_way(base, base, edited).text) == lines(edited)
    assert lines(three_way(base, edited, base).text) == lines(edited)
