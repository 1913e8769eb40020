"""A skill comes in whole or not at all, and what goes out can come back."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from skills import archive, entries, fetch, install
from skills.errors import NotThere, Refused, SkillError
from skills.library import Library, SkillPlaces
from skills.skill import Scope, read
from tests.support.skill_folders import make_skill

SKILL_MD = "---\nname: demo\ndescription: Does it.\n---\nBody\n"
HOSTILE = json.loads((Path(__file__).parent / "hostile_names.json").read_text())


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "home").mkdir()
    return Library(SkillPlaces(tmp_path / "mine", tmp_path / "keep", tmp_path / "home"))


@pytest.fixture
def mine(library: Library) -> Path:
    return library.places.mine


def zipped(path: Path, files: dict[str, str | bytes], **modes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = modes.get(name.rsplit("/", 1)[-1], stat.S_IFREG | 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, content)
    return path


def nothing_left(mine: Path) -> bool:
    return not mine.exists() or list(mine.iterdir()) == []


def test_a_folder_is_copied(library: Library, mine: Path, tmp_path: Path) -> None:
    source = make_skill(tmp_path / "src", files={"scripts/run.sh": "echo hi\n"})
    (source / "scripts/run.sh").chmod(0o755)
    skill = library.add(str(source))
    assert skill.path == mine / "demo"
    assert (skill.path / "scripts/run.sh").read_text() == "echo hi\n"
    assert stat.S_IMODE((skill.path / "scripts/run.sh").stat().st_mode) == 0o700
    assert stat.S_IMODE((skill.path / "SKILL.md").stat().st_mode) == 0o600
    assert [p.name for p in mine.iterdir()] == ["demo"]


def test_the_path_of_a_skill_md_means_its_folder(library: Library, tmp_path: Path) -> None:
    source = make_skill(tmp_path / "src", files={"a.txt": "a"})
    assert (library.add(str(source / "SKILL.md")).path / "a.txt").exists()


def test_repositories_and_caches_stay_behind(library: Library, tmp_path: Path) -> None:
    files = {".git/config": "x", "scripts/__pycache__/a.pyc": "x", "a.txt": "a"}
    skill = library.add(str(make_skill(tmp_path / "src", files=files)))
    assert [p.as_posix() for p in skill.files()] == ["SKILL.md", "a.txt"]


@pytest.mark.parametrize("prefix", ["demo/", "", "top/skills/demo/"])
def test_an_archive_is_unpacked(library: Library, tmp_path: Path, prefix: str) -> None:
    path = zipped(
        tmp_path / "demo.skill", {f"{prefix}SKILL.md": SKILL_MD, f"{prefix}scripts/a.py": "1"}
    )
    skill = library.add(str(path))
    assert [p.as_posix() for p in skill.files()] == ["SKILL.md", "scripts/a.py"]


def test_packing_and_unpacking_gives_the_same_bytes(library: Library, tmp_path: Path) -> None:
    source = make_skill(tmp_path / "src", files={"scripts/a.py": "é\r\n", "assets/b": "\0\1"})
    archive.pack(source, tmp_path / "demo.skill")
    skill = library.add(str(tmp_path / "demo.skill"))
    before = {p: (source / p).read_bytes() for p in read(source, Scope.MINE, source).files()}
    assert {p: (skill.path / p).read_bytes() for p in skill.files()} == before


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "demo/../../evil.txt",
        "/etc/evil",
        "demo\\..\\evil",
        "C:/evil",
        "demo/con.txt",
        "demo/a\n.txt",
        "demo/a.",
        "demo/\u202egpj.exe",
        "demo/skill.md",
        "demo/SKILL.MD",
        "demo/SKILL.md",
        "demo/SKILL.md/x",
        "DEMO/x.txt",
        "demo/.GIT/config",
        "demo//x",
        "demo/./x",
        "demo/" + "x" * 300,
        "demo/" + "d/" * 20 + "x",
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_may_not_come_in_is_refused_and_named(
    library: Library, mine: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("demo/SKILL.md", SKILL_MD)
        out.writestr(name, "x")
    with pytest.raises(Refused) as caught:
        library.add(str(path))
    assert caught.value.entry == entries.shown(name)
    assert caught.value.entry in str(caught.value)
    assert nothing_left(mine)
    assert not (tmp_path / "evil.txt").exists()


def test_a_name_with_a_nul_is_refused(library: Library, mine: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"demo/SKILL.md": SKILL_MD, "demo/aXb": "x"})
    path.write_bytes(path.read_bytes().replace(b"demo/aXb", b"demo/a\0b"))
    with pytest.raises(Refused):
        library.add(str(path))
    assert nothing_left(mine)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_an_archive_are_refused(
    library: Library, mine: Path, tmp_path: Path, kind: int
) -> None:
    files: dict[str, str | bytes] = {"demo/SKILL.md": SKILL_MD, "demo/odd": "/etc/passwd"}
    with pytest.raises(Refused, match="demo/odd"):
        library.add(str(zipped(tmp_path / "x.zip", files, odd=kind | 0o644)))
    assert nothing_left(mine)


def test_a_bomb_is_refused(library: Library, mine: Path, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"demo/SKILL.md": SKILL_MD, "demo/zeros": b"\0" * 20_000_000}
    with pytest.raises(Refused, match="demo/zeros"):
        library.add(str(zipped(tmp_path / "x.zip", files)))
    assert nothing_left(mine)


def test_an_entry_that_lies_about_its_size_is_refused(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "x.zip", {"demo/SKILL.md": SKILL_MD, "demo/big": b"ab" * 5_000})
    data = path.read_bytes()
    size, small = (10_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert size in data
    path.write_bytes(data.replace(size, small))
    with pytest.raises(Refused):
        library.add(str(path))
    assert nothing_left(mine)


def test_too_many_files_are_refused(library: Library, mine: Path, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"demo/{n}": "" for n in range(entries.MAX_FILES + 1)}
    with pytest.raises(Refused, match="too many"):
        library.add(str(zipped(tmp_path / "x.zip", {"demo/SKILL.md": SKILL_MD, **files})))
    assert nothing_left(mine)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip at all", b"\x1f\x8b\x08"])
def test_a_file_that_is_no_archive_is_refused(
    library: Library, mine: Path, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(Refused):
        library.add(str(tmp_path / "x.zip"))
    assert nothing_left(mine)


def test_an_archive_that_is_torn_anywhere_leaves_nothing(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "x.zip", {"demo/SKILL.md": SKILL_MD, "demo/a": "abc" * 50})
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        torn = bytearray(whole)
        torn[position] ^= 0xFF
        path.write_bytes(torn)
        try:
            added = library.add(str(path))
        except SkillError:
            assert nothing_left(mine)
        else:
            library.remove(added)


def test_a_link_that_leaves_the_folder_is_refused(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("key")
    source = make_skill(tmp_path / "src")
    (source / "notes.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(Refused) as caught:
        library.add(str(source))
    assert caught.value.entry == "notes.txt"
    assert nothing_left(mine)


def test_links_in_a_circle_are_no_files_of_a_skill(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    source = make_skill(tmp_path / "src")
    (source / "ring").symlink_to("ring")
    with pytest.raises(SkillError):
        library.add(str(source))
    assert nothing_left(mine)


def test_a_skill_that_a_link_leads_out_to_is_refused(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    make_skill(tmp_path / "other", "demo")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/demo").symlink_to(tmp_path / "other/demo")
    with pytest.raises(Refused, match="leaves the folder"):
        library.add(str(tmp_path / "src"))
    assert nothing_left(mine)


def test_a_link_within_the_folder_is_copied_as_a_file(library: Library, tmp_path: Path) -> None:
    source = make_skill(tmp_path / "src", files={"a.txt": "a"})
    (source / "b.txt").symlink_to("a.txt")
    copied = library.add(str(source)).path / "b.txt"
    assert copied.read_text() == "a"
    assert not copied.is_symlink()


def test_special_files_are_refused(library: Library, mine: Path, tmp_path: Path) -> None:
    source = make_skill(tmp_path / "src")
    os.mkfifo(source / "pipe")
    with pytest.raises(Refused, match="pipe"):
        library.add(str(source))
    assert nothing_left(mine)


def test_names_that_collide_on_some_systems_are_refused(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    source = make_skill(tmp_path / "src", files={"Notes.txt": "1", "notes.txt": "2"})
    if len(list(source.iterdir())) < 3:
        pytest.skip("this file system does not tell case")
    with pytest.raises(Refused, match=r"notes\.txt"):
        library.add(str(source))
    assert nothing_left(mine)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_never_becomes_a_folder(
    library: Library, mine: Path, tmp_path: Path, name: str
) -> None:
    source = make_skill(tmp_path / "src")
    try:
        skill = library.add(str(source), name=name)
    except Refused:
        assert nothing_left(mine)
    else:
        assert skill.path.parent == mine
        assert entries.SAFE_NAME.match(skill.path.name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_in_the_frontmatter_never_becomes_a_folder(
    library: Library, mine: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "SKILL.md").write_text(
        f"---\nname: {json.dumps(name)}\ndescription: x\n---\n", encoding="utf-8"
    )
    skill = library.add(str(folder))
    assert skill.path.parent == mine
    assert entries.SAFE_NAME.match(skill.path.name)


@pytest.mark.parametrize("name", [n for n in HOSTILE if n not in ("name", ".env", ".claude")])
def test_a_hostile_entry_is_refused_or_stays_inside(tmp_path: Path, name: str) -> None:
    target = tmp_path / "in"
    target.mkdir()
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(zipfile.ZipInfo(name or "x"), "x")
    with contextlib.suppress(SkillError):
        archive.unpack(path, target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "x.zip"]
    for unpacked in target.rglob("*"):
        assert unpacked.name.isprintable()


def test_a_name_that_is_taken_is_refused_and_can_be_replaced(
    library: Library, tmp_path: Path
) -> None:
    library.add(str(make_skill(tmp_path / "one", body="one\n")))
    second = str(make_skill(tmp_path / "two", body="two\n"))
    with pytest.raises(Refused, match="already"):
        library.add(second)
    assert library.get("demo").body() == "one\n"
    library.add(second, replace=True)
    assert library.get("demo").body() == "two\n"
    assert [r.name for r in install.removed(library.places.trash)] == ["demo"]
    assert library.add(second, name="other").path.name == "other"


def test_several_skills_ask_which(library: Library, mine: Path, tmp_path: Path) -> None:
    make_skill(tmp_path / "src", "one")
    make_skill(tmp_path / "src", "two")
    with pytest.raises(Refused, match="one, two"):
        library.add(str(tmp_path / "src"))
    assert nothing_left(mine)
    assert library.add(str(tmp_path / "src"), only="two").name == "two"


def test_a_folder_without_a_skill_is_refused(library: Library, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(Refused, match=r"no SKILL\.md"):
        library.add(str(tmp_path / "src"))
    with pytest.raises(SkillError, match="There is no"):
        library.add(str(tmp_path / "nowhere"))
    assert nothing_left(mine)


def test_a_crash_in_the_middle_leaves_nothing(
    library: Library, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_skill(tmp_path / "src", files={"a.txt": "a", "b.txt": "b"})
    real, calls = archive.create, []

    def failing(path: Path, mode: int) -> object:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(path, mode)

    monkeypatch.setattr(archive, "create", failing)
    with pytest.raises(SkillError, match="No space left"):
        library.add(str(source))
    assert nothing_left(mine)


def test_what_a_killed_run_left_is_no_skill(library: Library, mine: Path) -> None:
    make_skill(mine / ".agentdeck-abc/ready")
    assert [s for s in library.scan() if s.scope is Scope.MINE] == []


def test_a_removed_skill_comes_back(library: Library, mine: Path, tmp_path: Path) -> None:
    folder = make_skill(mine, files={"a.txt": "a"})
    library.remove(library.get("demo"))
    assert not folder.exists()
    assert library.undo() == folder
    assert (folder / "a.txt").read_text() == "a"
    with pytest.raises(NotThere):
        library.undo()


def test_the_last_of_several_removed_ones_comes_back_first(library: Library, mine: Path) -> None:
    for name in ("one", "two"):
        make_skill(mine, name)
        library.remove(library.get(name))
    assert library.undo("one").name == "one"
    assert library.undo().name == "two"


def test_undo_does_not_overwrite(library: Library, mine: Path) -> None:
    make_skill(mine)
    library.remove(library.get("demo"))
    make_skill(mine)
    with pytest.raises(SkillError, match="there again"):
        library.undo()


def test_a_link_in_my_skills_is_removed_and_not_what_it_leads_to(
    library: Library, mine: Path, tmp_path: Path
) -> None:
    real = make_skill(tmp_path / "src")
    mine.mkdir()
    (mine / "demo").symlink_to(real)
    library.remove(library.get("demo"))
    assert (real / "SKILL.md").exists()
    assert not (mine / "demo").is_symlink()


def test_only_mine_are_removed(library: Library, tmp_path: Path) -> None:
    folder = make_skill(tmp_path / "home/.claude/skills")
    with pytest.raises(SkillError, match="not one of your skills"):
        library.remove(library.get("demo"))
    assert folder.exists()


def test_a_skill_made_here_is_put_in_place(library: Library, mine: Path) -> None:
    files = {"SKILL.md": SKILL_MD.encode(), "scripts/a.py": b"print(1)\r\n"}
    skill = install.write(files, "demo", mine, library.places.trash, replace=False)
    assert (skill.path / "scripts/a.py").read_bytes() == b"print(1)\r\n"
    with pytest.raises(Refused):
        bad = {"SKILL.md": SKILL_MD.encode(), "../x": b""}
        install.write(bad, "other", mine, library.places.trash, replace=False)
    assert [p.name for p in mine.iterdir()] == ["demo"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    make_skill(root / "skills", "one", files={"scripts/a.py": "1"})
    make_skill(root / "skills", "two")
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", **os.environ}
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-C", root, *identity, *command], check=True, env=env)
    return root


def test_a_skill_comes_from_a_git_repository(
    library: Library, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it is when agentdeck is started from a git hook.
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere.git"))
    skill = library.add(f"file://{repository}", only="one")
    assert [p.as_posix() for p in skill.files()] == ["SKILL.md", "scripts/a.py"]
    assert library.add(f"file://{repository}#skills/two").name == "two"
    assert library.lock.source(skill) == f"file://{repository}"


def test_a_repository_that_is_not_there_says_so(library: Library, mine: Path) -> None:
    with pytest.raises(SkillError, match="git can't fetch"):
        library.add("file:///nowhere/at/all")
    assert nothing_left(mine)


def test_a_folder_that_the_repository_lacks_says_so(library: Library, repository: Path) -> None:
    with pytest.raises(SkillError, match="has no folder"):
        library.add(f"file://{repository}#nothing")


@pytest.mark.parametrize(
    ("source", "url", "ref", "below"),
    [
        ("https://github.com/o/r", "https://github.com/o/r", "", ""),
        ("https://github.com/o/r/tree/main/a/b", "https://github.com/o/r", "main", "a/b"),
        ("https://github.com/o/r/tree/v1", "https://github.com/o/r", "v1", ""),
        ("git@github.com:o/r.git#skills/x", "git@github.com:o/r.git", "", "skills/x"),
    ],
)
def test_addresses_are_read(source: str, url: str, ref: str, below: str) -> None:
    assert fetch.is_url(source)
    assert fetch.parse_url(source) == fetch.CloneSource(url, ref, below)


@pytest.mark.parametrize(
    "source", ["http://example.org/r", "git://example.org/r", "ftp://x/r", "https://x/r#../../e"]
)
def test_unsafe_addresses_are_refused(source: str) -> None:
    with pytest.raises(Refused):
        fetch.parse_url(source)


def test_a_transport_that_runs_a_program_is_no_address() -> None:
    assert not fetch.is_url("ext::sh -c id")
    assert not fetch.is_url("--upload-pack=x")
