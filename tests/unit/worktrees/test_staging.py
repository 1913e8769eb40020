"""Git's index from a review, on real git: hunks and files in and out, and committed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sessions.errors import UsageError
from sessions.worktrees import changes, staging
from sessions.worktrees.changes import Changes
from tests.support.gitrig import commit, git, head, repo

BODY = "".join(f"line {n}\n" for n in range(60))


def read(folder: Path, base: str) -> Changes:
    found = changes.collect(folder, base)
    staging.mark(found.top, found.files, found.staged)
    return found


def index(folder: Path, name: str) -> str:
    return git(folder, "show", f":{name}")


@pytest.mark.parametrize("seed", [1, 2])
def test_hunks_go_in_and_out_until_nothing_is_left(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    mine = repo(tmp_path / "mine", f=BODY)
    base = head(mine)
    if seed % 2:  # the last commit is another than the base
        commit(mine, "f", BODY.replace("line 3\n", "three\n").replace("line 40\n", ""))
    old = (mine / "f").read_text()
    lines = old.splitlines(keepends=True)
    for at in sorted(chance.sample(range(1, len(lines), 9), 5), reverse=True):
        lines[at : at + chance.choice([0, 1, 2])] = ["new\r\n"] * chance.choice([0, 1, 3])
    new = "".join(lines).removesuffix("\n")
    (mine / "f").write_text(new, newline="")
    (file,) = read(mine, base).files
    ids = [changes.hunk_id(h) for h in file.hunks]
    for undo, end in ((False, new), (True, old)):
        chance.shuffle(ids)
        for hunk in ids:
            staging.stage(mine, base, "f", hunk, undo=undo)
            (file,) = read(mine, base).files
            (state,) = [h.staged for h in file.hunks if changes.hunk_id(h) == hunk]
            assert state in (("",) if undo else ("all", ""))
        assert index(mine, "f").replace("\r", "") == end.replace("\r", "")
        assert file.staged == ("" if undo else "all")
    assert (mine / "f").read_bytes().decode() == new


def test_one_of_two_hunks_is_committed_and_the_other_stays(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", f=BODY)
    base = head(mine)
    (mine / "f").write_text(BODY.replace("line 5\n", "five\n").replace("line 50\n", "fifty\n"))
    with pytest.raises(UsageError, match="Nothing is staged"):
        staging.commit(mine, "half")
    (file,) = read(mine, base).files
    staging.stage(mine, base, "f", changes.hunk_id(file.hunks[1]))
    (file,) = read(mine, base).files
    assert (file.staged, [h.staged for h in file.hunks]) == ("part", ["", "all"])
    staging.commit(mine, "half")
    assert git(mine, "show", "HEAD:f") == BODY.replace("line 50\n", "fifty\n")
    (file,) = read(mine, base).files
    assert (file.staged, [h.staged for h in file.hunks]) == ("", ["", ""])
    with pytest.raises(UsageError, match="not as it was shown"):
        staging.stage(mine, base, "f", "another")


def test_files_of_every_kind_go_as_a_whole(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", moved=BODY, gone="x\n", plain="p\n")
    base = head(mine)
    (mine / "moved").rename(mine / "to [x]")
    (mine / "gone").unlink()
    (mine / "new\n").write_bytes(b"\0binary")
    (mine / "plain").chmod(0o755)
    names = ["gone", "new\n", "plain", "to [x]"]
    for name in names:
        staging.stage(mine, base, name)
    found = read(mine, base)
    assert {f.path: f.staged for f in found.files} == dict.fromkeys(names, "all")
    assert git(mine, "diff", "--name-only") == ""
    for name in names:
        staging.stage(mine, base, name, undo=True)
    assert {f.staged for f in read(mine, base).files} == {""}
    assert git(mine, "diff", "--cached", "--name-only") == ""


def test_before_the_first_commit_it_is_possible_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "f").write_text("x\n")
    base = git(tmp_path, "hash-object", "-t", "tree", "/dev/null").strip()
    staging.stage(tmp_path, base, "f")
    assert [f.staged for f in read(tmp_path, base).files] == ["all"]
    staging.stage(tmp_path, base, "f", undo=True)
    assert [f.staged for f in read(tmp_path, base).files] == [""]
