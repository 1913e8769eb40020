"""A skill is used only as it was looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skills.errors import NeedsReview
from skills.library import Library, SkillPlaces
from skills.shapes import ChangedHow
from skills.skill import Skill
from skills.trust import Lock, SkillChange, Trust
from tests.support.skill_folders import make_skill


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "home").mkdir()
    return Library(SkillPlaces(tmp_path / "mine", tmp_path / "keep", tmp_path / "home"))


@pytest.fixture
def theirs(library: Library, tmp_path: Path) -> Skill:
    make_skill(tmp_path / "home/.agents/skills", files={"scripts/run.py": "print(1)\n"})
    return library.get("demo")


def test_a_strange_skill_needs_a_review(library: Library, theirs: Skill) -> None:
    assert library.standing(theirs).trust is Trust.NEW
    with pytest.raises(NeedsReview):
        library.require(theirs)


def test_a_reviewed_skill_may_be_used(library: Library, theirs: Skill) -> None:
    sha256 = library.lock.trust(theirs)
    assert library.require(theirs) == sha256
    assert library.standing(theirs).trust is Trust.REVIEWED


@pytest.mark.parametrize(
    ("path", "content", "how"),
    [
        ("scripts/run.py", "print(2)\n", "changed"),
        ("scripts/new.py", "print(1)\n", "added"),
        (".hidden", "x", "added"),
        ("scripts/run.py", None, "removed"),
    ],
)
def test_a_changed_file_asks_for_a_review_and_is_named(
    library: Library, theirs: Skill, path: str, content: str | None, how: ChangedHow
) -> None:
    library.lock.trust(theirs)
    if content is None:
        (theirs.path / path).unlink()
    else:
        (theirs.path / path).write_text(content)
    standing = library.standing(theirs)
    assert (standing.trust, standing.usable) == (Trust.CHANGED, False)
    assert standing.changes == (SkillChange(path, how),)
    with pytest.raises(NeedsReview, match=path):
        library.require(theirs)


def test_a_file_of_the_same_size_and_date_is_still_noticed(library: Library, theirs: Skill) -> None:
    import os

    library.lock.trust(theirs)
    library.require(theirs)
    script = theirs.path / "scripts/run.py"
    before = script.stat()
    script.write_text("print(9)\n")
    os.utime(script, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert library.standing(theirs).trust is Trust.CHANGED


def test_what_a_linked_skill_md_leads_to_is_watched_too(library: Library, tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_text("---\nname: demo\ndescription: x\n---\n")
    folder = tmp_path / "home/.agents/skills/demo"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").symlink_to(real)
    skill = library.get("demo")
    library.lock.trust(skill)
    real.write_text("---\nname: demo\ndescription: y\n---\n")
    assert library.standing(skill).trust is Trust.CHANGED


def test_compiled_leftovers_of_a_run_are_no_change(library: Library, theirs: Skill) -> None:
    library.lock.trust(theirs)
    (theirs.path / "scripts/__pycache__").mkdir()
    (theirs.path / "scripts/__pycache__/run.pyc").write_bytes(b"x")
    assert library.standing(theirs).usable


def test_one_of_mine_may_be_used_and_is_recorded_at_its_first_use(
    library: Library, tmp_path: Path
) -> None:
    folder = make_skill(tmp_path / "mine")
    skill = library.get("demo")
    assert library.standing(skill).trust is Trust.NEW
    library.require(skill)
    (folder / "new.txt").write_text("x")
    assert library.standing(skill).trust is Trust.CHANGED


def test_a_skill_that_was_added_needs_a_review_though_it_is_mine_now(
    library: Library, tmp_path: Path
) -> None:
    skill = library.add(str(make_skill(tmp_path / "elsewhere")))
    assert library.standing(skill).trust is Trust.NEW
    with pytest.raises(NeedsReview):
        library.require(skill)
    library.lock.trust(skill)
    assert library.require(skill)
    assert library.lock.source(skill).endswith("elsewhere/demo")


def test_a_bundled_skill_needs_none(library: Library) -> None:
    assert library.standing(library.get("deepen")).trust is Trust.BUNDLED


def test_a_projects_skill_needs_the_folders_trust_first(library: Library, tmp_path: Path) -> None:
    project = tmp_path / "work"
    make_skill(project / ".claude/skills", "theirs")
    skill = library.get("theirs", project)
    assert library.standing(skill).trust is Trust.FOLDER
    assert library.standing(skill).folder == project
    library.lock.trust_folder(tmp_path)
    assert library.standing(skill).trust is Trust.NEW
    library.lock.trust_folder(tmp_path, trusted=False)
    assert library.standing(skill).trust is Trust.FOLDER


def test_a_review_is_taken_back(library: Library, theirs: Skill) -> None:
    library.lock.trust(theirs)
    library.lock.distrust(theirs)
    with pytest.raises(NeedsReview):
        library.require(theirs)


def test_two_processes_keep_each_others_reviews(tmp_path: Path, theirs: Skill) -> None:
    first, second = Lock(tmp_path / "t.json"), Lock(tmp_path / "t.json")
    first.trust_folder(tmp_path / "a")
    second.trust(theirs)
    first.trust_folder(tmp_path / "b")
    again = Lock(tmp_path / "t.json")
    assert again.folder_trusted(tmp_path / "a")
    assert again.folder_trusted(tmp_path / "b")
    assert again.standing(theirs).trust is Trust.REVIEWED
    assert (tmp_path / "t.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "record", ["", "{", "[]", "null", '{"skills": [], "folders": 3}', '{"skills": {"x": 1}}']
)
def test_a_record_that_is_broken_trusts_nothing_and_is_replaced(
    tmp_path: Path, theirs: Skill, record: str
) -> None:
    (tmp_path / "t.json").write_text(record)
    lock = Lock(tmp_path / "t.json")
    assert lock.standing(theirs).trust is Trust.NEW
    lock.trust(theirs)
    assert json.loads((tmp_path / "t.json").read_text())["version"] == 1
    assert lock.standing(theirs).usable


def test_what_a_newer_version_keeps_of_a_skill_survives_its_review(
    tmp_path: Path, theirs: Skill
) -> None:
    key = str(theirs.path.resolve())
    kept = {"skills": {key: {"source": "https://x", "newer": {"a": 1}}, "/other": {"newer": 2}}}
    (tmp_path / "t.json").write_text(json.dumps(kept))
    lock = Lock(tmp_path / "t.json")
    assert lock.source(theirs) == "https://x"
    lock.trust(theirs)
    written = json.loads((tmp_path / "t.json").read_text())["skills"]
    assert (written[key]["newer"], written["/other"]["newer"]) == ({"a": 1}, 2)


@pytest.mark.parametrize(
    ("files", "trust"), [([], Trust.NEW), (3, Trust.NEW), ({"SKILL.md": 3}, Trust.CHANGED)]
)
def test_sums_that_are_none_are_no_review(
    tmp_path: Path, theirs: Skill, files: object, trust: Trust
) -> None:
    entry = {"files": files, "sha256": 5, "source": None}
    kept = {"skills": {str(theirs.path.resolve()): entry}, "folders": []}
    (tmp_path / "t.json").write_text(json.dumps(kept))
    standing = Lock(tmp_path / "t.json").standing(theirs)
    assert (standing.trust, standing.usable) == (trust, False)
