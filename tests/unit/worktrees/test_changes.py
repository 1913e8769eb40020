"""What a session changed, with real git: every kind of change, by file and hunk."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sessions.worktrees import changes, few_changed_paths, patch
from tests.support.gitrig import commit, git, head, repo

BODY = "".join(f"line {n}\n" for n in range(60))


@pytest.fixture(autouse=True, params=["as it is", "as in a large repository"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to compare."""
    if request.param != "as it is":
        monkeypatch.setattr(few_changed_paths, "LARGE", 0)


def found(folder: Path, base: str) -> dict[str, patch.FileChange]:
    return {f.path: f for f in changes.collect(folder, base).files}


def test_every_kind_of_change_is_there_committed_or_not(tmp_path: Path) -> None:
    mine = repo(
        tmp_path / "mine", a=BODY, moved=BODY + "more\n", gone="x\n", mode="m\n", link="l\n"
    )
    base = head(mine)
    commit(mine, "a", BODY.replace("line 5\n", "five\n"))
    (mine / "a").write_text((mine / "a").read_text().replace("line 50\n", "fifty\n"))
    git(mine, "mv", "moved", "to")
    (mine / "gone").unlink()
    (mine / "mode").chmod(0o755)
    (mine / "link").unlink()
    (mine / "link").symlink_to("a")
    (mine / "new").write_text("new\n")
    (mine / "empty").write_text("")
    (mine / "picture").write_bytes(b"\x89PNG\0\1\2")
    before = git(mine, "status", "--porcelain")
    told = found(mine, base)
    assert git(mine, "status", "--porcelain") == before
    kinds = {path: file.status for path, file in told.items()}
    assert kinds == {
        "a": "modified", "to": "renamed", "gone": "deleted", "mode": "mode", "link": "type",
        "new": "added", "empty": "added", "picture": "added",
    }  # fmt: skip
    assert told["to"].old_path == "moved"
    assert [(h.old_start, h.new_start) for h in told["a"].hunks] == [(3, 3), (48, 48)]
    assert (told["a"].added, told["a"].removed, told["a"].uncommitted) == (2, 2, True)
    assert told["picture"].binary
    assert told["new"].untracked
    assert not told["to"].untracked


def test_a_rename_of_a_file_that_git_does_not_know_yet_is_one(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", a=BODY)
    (mine / "a").rename(mine / "b")
    assert found(mine, head(mine))["b"].status == "renamed"


def test_odd_names_and_odd_bytes_come_whole(tmp_path: Path) -> None:
    names = ["-dash", "two words", 'quo"te', "new\nline", "tab\t", "é", "e\u0301x", "a b/ b/a b"]
    mine = repo(tmp_path / "mine", keep="k\n")
    for name in names:
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("1\n")
    git(mine, "add", "-A")
    git(mine, "commit", "-qm", "odd")
    base = head(mine)
    for name in names:
        (mine / name).write_bytes(b"1\n\n\xff\xfe\rdiff --git a/x b/x\n@@ -1 +1 @@\n-- x\n++ y")
    told = changes.collect(mine, base)
    assert {f.path for f in told.files} == set(names)
    for file in told.files:
        assert (file.added, file.removed, len(file.hunks)) == (5, 0, 1)
    assert told.to_json()["files"][0]["hunks"][0]["lines"][-1].startswith("\\ No newline")
    for name in names:
        (mine / name).unlink()
    assert {f.status for f in changes.collect(mine, base).files} == {"deleted"}
    git(mine, "mv", "-k", "keep", "k\ne")
    assert found(mine, base)["k\ne"].old_path == "keep"


def test_what_was_read_makes_the_same_patch_again(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", a=BODY, b="b")
    base = head(mine)
    (mine / "a").write_text(BODY.replace("line 5\n", "").replace("line 40\n", "forty\r\n"))
    (mine / "b").write_text("b\nc")
    text = b"".join(f.text() for f in changes.collect(mine, base).files)
    tree = git(mine, "stash", "create").strip()
    git(mine, "reset", "-q", "--hard")
    subprocess.run(["git", "apply", "-"], cwd=mine, input=text, check=True)
    assert git(mine, "diff", tree) == ""


def test_settings_of_the_user_change_nothing(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", a="a\n\nb\n\nc\n", b="x\n")
    for key, value in (
        ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.diff", "always"),
        ("diff.suppressBlankEmpty", "true"), ("diff.external", "false"), ("diff.renames", "false"),
        ("core.quotePath", "true"), ("diff.relative", "true"),
    ):  # fmt: skip
        git(mine, "config", key, value)
    (mine / "a").write_text("a\n\nB\n\nc\n")
    (mine / "b").rename(mine / "ü")
    told = found(mine, head(mine))
    assert (told["a"].added, told["a"].removed, len(told["a"].hunks[0].lines)) == (1, 1, 6)
    assert told["ü"].status == "renamed"


def test_a_repository_within_is_named_and_left_alone(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    repo(mine / "inner")
    told = changes.collect(mine, head(mine))
    assert (told.nested, told.files, told.dirty) == (["inner"], [], True)


def test_a_conflict_that_is_not_solved_is_read(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", f="x\n")
    base = head(mine)
    git(mine, "checkout", "-qb", "other")
    commit(mine, "f", "other\n")
    git(mine, "checkout", "-q", "main")
    commit(mine, "f", "mine\n")
    git(mine, "merge", "other", check=False)
    assert found(mine, base)["f"].uncommitted


def test_what_was_rebased_shows_no_changes_of_others(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    base = head(mine)
    git(mine, "checkout", "-qb", "work")
    commit(mine, "g", "1\n")
    git(mine, "checkout", "-q", "main")
    commit(mine, "h", "others\n")
    git(mine, "checkout", "-q", "work")
    git(mine, "rebase", "-q", "main")
    told = changes.collect(mine, changes.since(mine, base, "refs/heads/main"))
    assert [f.path for f in told.files] == ["g"]
    assert [c["subject"] for c in told.commits] == ["change g"]
    assert changes.since(mine, base, "refs/heads/gone") == base


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_repository_that_can_only_be_read_is_shown(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    (mine / "new").write_text("n\n")
    (mine / ".git" / "objects").chmod(0o500)
    try:
        assert "new" in found(mine, head(mine))
    finally:
        (mine / ".git" / "objects").chmod(0o700)


def test_what_is_committed_is_told_from_what_is_not(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", a="a\n", b="b\n", c="c\n", d="d\n", m="m\n", back="1\n", r=BODY)
    base = head(mine)
    for name in ("a", "b", "back"):
        (mine / name).write_text("committed\n")
    git(mine, "rm", "-q", "d")
    (mine / "m").chmod(0o755)
    git(mine, "mv", "r", "renamed")
    git(mine, "add", "-A")
    git(mine, "commit", "-qm", "some")
    told = changes.collect(mine, base)
    assert not told.dirty
    assert not any(f.uncommitted for f in told.files)
    (mine / "b").write_text("and more\n")
    (mine / "c").unlink()
    (mine / "back").write_text("1\n")
    told = changes.collect(mine, base)
    assert {f.path for f in told.files if f.uncommitted} == {"b", "c"}
    assert told.reverted == ["back"]
    git(mine, "checkout", "-q", "b", "c")
    assert changes.collect(mine, base).dirty  # `back` alone, though nothing of it shows
