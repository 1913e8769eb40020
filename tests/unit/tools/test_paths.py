"""Where a path leads, what may be read and written there, and swaps in between."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from sessions.paths import places
from sessions.record import events as ev
from sessions.tools import protected_paths, safe_open
from sessions.tools.base import ToolFault
from sessions.tools.files import sha256
from sessions.tools.workspace import Guard
from tests.support.toolhost import Desk, say


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Mode edit: edits inside are free, so whatever asks has crossed a border."""
    return Desk(tmp_path, mode="edit", answer=say("no"))


async def test_reading_inside_is_free(desk: Desk) -> None:
    (desk.ws / "a.txt").write_text("hello\n")
    assert (await desk.use("Read", file_path="a.txt")).content == "     1\thello"
    assert not desk.host.events[:-1], "no request and no entry for a free read"


async def test_editing_inside_is_free_in_edit_mode(desk: Desk) -> None:
    assert (await desk.use("Write", file_path="a.txt", content="x")).status == "ok"
    assert not desk.host.asked


ESCAPES = (
    ("../outside.txt", "dot-dot"),
    ("sub/../../outside.txt", "dot-dot after a folder"),
    ("link", "a symbolic link to a file"),
    ("dirlink/outside.txt", "a symbolic link to a folder"),
    ("dirlink/../outside.txt", "dot-dot after a link, which the kernel takes from its target"),
    ("chain", "a link to a link"),
    ("/proc/self/root{home}/outside.txt", "the root by way of /proc"),
    ("{root}-evil/outside.txt", "a folder whose name begins with the workspace's (CVE-2025-54794)"),
    ("~/outside.txt", "the home folder"),
)


@pytest.mark.parametrize(("path", "how"), ESCAPES, ids=[h for _, h in ESCAPES])
@pytest.mark.parametrize("tool", ["Read", "Edit", "Write"])
async def test_escape_asks(
    desk: Desk, path: str, how: str, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2026-25724, CVE-2026-39861: judged by where it leads, not by how it is written."""
    outside = desk.home / "outside.txt"
    outside.write_text("old")
    evil = desk.home / "ws-evil"
    evil.mkdir()
    (evil / "outside.txt").write_text("old")
    (desk.ws / "sub").mkdir()
    (desk.ws / "link").symlink_to(outside)
    (desk.ws / "chain").symlink_to("link")
    (desk.ws / "dirlink").symlink_to(evil)
    monkeypatch.setenv("HOME", str(desk.home))
    args = {
        "Read": {},
        "Edit": {"old_string": "old", "new_string": "new"},
        "Write": {"content": "n"},
    }
    real = desk.box.state.guard.look(path.format(root=desk.ws, home=desk.home)).path
    if tool == "Write":  # as if it had been read, so that permission is what is left
        desk.box.state.seen[real] = sha256(real.read_bytes())
    result = await desk.use(tool, file_path=path.format(root=desk.ws, home=desk.home), **args[tool])
    assert result.status == "denied", how
    assert str(real) in desk.host.asked[0].detail, "the request shows where it leads"
    assert outside.read_text() == "old"
    assert (evil / "outside.txt").read_text() == "old"


PROTECTED = (
    ".git/hooks/pre-commit", ".git/config", ".GIT/config", ".git./hooks/x", ".git /hooks/x",
    "git~1/hooks/x", ".g\u200cit/config", ".gi\u017f/../.git/config", ".ｇit/config",
    "sub/.git/hooks/post-checkout", ".git", ".husky/pre-push", ".githooks/x",
    ".claude/settings.json", ".CLAUDE/settings.json", ".claude/settings.local.json",
    ".codex/config.toml", ".mcp.json", ".cursor/mcp.json", ".gemini/settings.json",
    ".opencode/x", "opencode.json", ".vscode/tasks.json", ".idea/x", ".devcontainer/x",
    ".agents/skills/x/SKILL.md", "skills/x/SKILL.md", ".bashrc", ".zshenv", ".profile", ".envrc",
    ".vimrc", ".gitconfig", "sitecustomize.py", ".env", "sub/.env.local", "id_rsa", "x.pem",
)  # fmt: skip


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize("mode", ["edit", "full"])
async def test_protected_path_asks_even_where_it_is_missing(
    tmp_path: Path, path: str, mode: str
) -> None:
    """CVE-2025-54135, CVE-2025-59944, CVE-2026-25725."""
    desk = Desk(tmp_path, mode=mode, answer=say("no"))
    result = await desk.use("Write", file_path=path, content="evil")
    assert result.status == "denied"
    assert len(desk.host.asked) == 1
    kinds = {o["kind"] for o in desk.host.asked[0].options}
    assert kinds == {"allow_once", "reject_once"}, "asked each time"
    assert not any(p.is_file() for p in desk.ws.rglob("*"))


async def test_agentdecks_own_files_are_refused(desk: Desk) -> None:
    desk.host.answer = say("once")
    desk.places.config_file.write_text("[permissions]\n")
    for path in (
        desk.places.config_file,
        desk.places.data / "sessions" / "s-2" / "journal.jsonl",
        desk.places.state / "index.db",
        desk.places.run / "engine.sock",
        desk.ws / ".agentdeck" / "config.toml",
    ):
        for tool, more in (("Write", {"content": "x"}), ("Read", {})):
            result = await desk.use(tool, file_path=str(path), **more)
            assert result.status == "denied", path
    assert not desk.host.asked


async def test_own_skills_ask(desk: Desk) -> None:
    path = desk.places.my_skills / "x" / "notes.md"
    assert (await desk.use("Write", file_path=str(path), content="x")).status == "denied"
    assert desk.host.asked


async def test_the_sessions_own_files_may_be_read(desk: Desk) -> None:
    (desk.files / "out.txt").write_text("all of it\n")
    result = await desk.use("Read", file_path=str(desk.files / "out.txt"))
    assert "all of it" in result.content
    assert not desk.host.asked


@pytest.mark.parametrize(
    "name",
    [".env", ".env.production", "server.pem", "id_ed25519", ".netrc", "credentials.json", "x.key"],
)
async def test_secrets_ask_before_they_are_read(desk: Desk, name: str) -> None:
    (desk.ws / name).write_text("SECRET=1\n")
    result = await desk.use("Read", file_path=name)
    assert result.status == "denied"
    assert "SECRET" not in result.content


@pytest.mark.parametrize("name", [".env.example", "id_rsa.pub", "environment.py", "keys.py"])
async def test_what_only_looks_like_a_secret_is_free(desk: Desk, name: str) -> None:
    (desk.ws / name).write_text("x\n")
    assert (await desk.use("Read", file_path=name)).status == "ok"


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\x1b[31mb", "", "  ", "x" * 300, "y/" * 3000])
async def test_what_can_be_no_path_is_an_error(desk: Desk, name: str) -> None:
    assert (await desk.use("Read", file_path=name)).status == "error"
    assert not desk.host.asked


async def test_folded_names_are_compared_in_every_unicode_form() -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert protected_paths.fold(unicodedata.normalize(form, ".gıt".replace("ı", "i"))) == ".git"
    assert protected_paths.fold("CAFÉ") == protected_paths.fold("cafe\u0301")


# -- between judging and opening


async def swap_at_ask(desk: Desk, swap: object) -> None:
    def answer(asked: ev.PermissionAsked) -> tuple[str, str]:
        swap()  # type: ignore[operator]
        return "once", ""

    desk.mode("ask")
    desk.host.answer = answer


async def test_folder_swapped_for_a_link_while_asked(desk: Desk) -> None:
    victim = desk.home / "victim"
    victim.mkdir()
    (victim / "a.txt").write_text("old")
    sub = desk.ws / "sub"
    sub.mkdir()
    (sub / "a.txt").write_text("old")

    def swap() -> None:
        sub.rename(desk.ws / "away")
        sub.symlink_to(victim)

    await swap_at_ask(desk, swap)
    result = await desk.use("Edit", file_path="sub/a.txt", old_string="old", new_string="new")
    assert result.status == "error"
    assert (victim / "a.txt").read_text() == "old"


async def test_file_swapped_for_a_link_while_asked(desk: Desk) -> None:
    victim = desk.home / "victim.txt"
    victim.write_text("old")
    file = desk.ws / "a.txt"
    file.write_text("old")

    def swap() -> None:
        file.unlink()
        file.symlink_to(victim)

    await swap_at_ask(desk, swap)
    result = await desk.use("Edit", file_path="a.txt", old_string="old", new_string="new")
    assert result.status == "error"
    assert victim.read_text() == "old"


async def test_missing_file_that_becomes_a_link_while_asked(desk: Desk) -> None:
    victim = desk.home / "victim.txt"
    await swap_at_ask(desk, lambda: (desk.ws / "new.txt").symlink_to(victim))
    assert (await desk.use("Write", file_path="new.txt", content="x")).status == "error"
    assert not victim.exists()


async def test_content_changed_while_asked_is_not_overwritten(desk: Desk) -> None:
    file = desk.ws / "a.txt"
    file.write_text("old")
    await swap_at_ask(desk, lambda: file.write_text("old, and work of somebody else"))
    result = await desk.use("Edit", file_path="a.txt", old_string="old", new_string="new")
    assert result.status == "error"
    assert file.read_text() == "old, and work of somebody else"


async def test_file_swapped_for_a_fifo_while_asked_does_not_hang(desk: Desk) -> None:
    file = desk.home / "outside.txt"
    file.write_text("old")

    def swap() -> None:
        file.unlink()
        os.mkfifo(file)

    await swap_at_ask(desk, swap)
    assert (await desk.use("Read", file_path=str(file))).status == "error"


async def test_hard_link_is_not_written_through(desk: Desk) -> None:
    victim = desk.home / "victim.txt"
    victim.write_text("old")
    os.link(victim, desk.ws / "a.txt")
    await desk.use("Edit", file_path="a.txt", old_string="old", new_string="new")
    assert (desk.ws / "a.txt").read_text() == "new"
    assert victim.read_text() == "old"


async def test_a_failing_edit_tells_nothing_of_a_file_that_may_not_be_read(desk: Desk) -> None:
    (desk.ws / ".env").write_text("PASSWORD=hunter2\n")
    outside = desk.home / "outside.txt"
    outside.write_text("PASSWORD=hunter2\n")
    for path in (".env", str(outside)):
        for args in ({"old_string": "PASSWORD=", "new_string": "PASSWORD="},
                     {"old_string": "PASSWORD=hunter", "new_string": "y"},
                     {"old_string": "PASSWORD=hunter3", "new_string": "y"}):  # fmt: skip
            result = await desk.use("Edit", file_path=path, **args)
            assert "hunter2" not in result.content
            assert "closest" not in result.content


def test_opening_follows_no_link_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("x")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(ToolFault, match="is a link now"):
        safe_open.open_read(tmp_path / "link" / "a")
    assert safe_open.read_bytes(tmp_path / "real" / "a", 10) == b"x"


def test_writing_leaves_nothing_half_done(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "a"
    file.parent.mkdir()
    file.write_text("old")
    with pytest.raises(ToolFault):
        safe_open.write_bytes(file, b"new", expect=b"other")
    assert [p.name for p in file.parent.iterdir()] == ["a"]
    assert file.read_text() == "old"


async def test_mode_of_a_file_stays(desk: Desk) -> None:
    file = desk.ws / "run.sh"
    file.write_text("old")
    file.chmod(0o751)
    await desk.use("Edit", file_path="run.sh", old_string="old", new_string="new")
    assert file.stat().st_mode & 0o777 == 0o751


# -- modes


async def test_read_only_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="read-only", answer=say("once"))
    assert (await desk.use("Write", file_path="a", content="x")).status == "denied"
    assert not desk.host.asked
    assert (await desk.use("LS")).status == "ok"


async def test_ask_shows_the_diff_and_the_path(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("no"))
    (desk.ws / "a.txt").write_text("one\ntwo\n")
    await desk.use("Edit", file_path="a.txt", old_string="two", new_string="three")
    asked = desk.host.asked[0]
    assert asked.detail_kind == "diff"
    assert "-two\n+three\n" in asked.detail
    assert asked.detail.startswith(str(desk.ws / "a.txt"))


async def test_edits_allowed_for_the_session_stay_inside(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("session"))
    await desk.use("Write", file_path="a.txt", content="x")
    await desk.use("Write", file_path="b.txt", content="x")
    assert len(desk.host.asked) == 1
    await desk.use("Write", file_path=".git/hooks/x", content="x")
    await desk.use("Write", file_path=str(tmp_path / "c.txt"), content="x")
    assert len(desk.host.asked) == 3


async def test_reading_a_folder_outside_can_be_allowed_for_the_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("session"))
    (tmp_path / "docs").mkdir()
    for name in ("a", "b", "x.pem"):
        (tmp_path / "docs" / name).write_text("text")
    assert (await desk.use("Read", file_path=str(tmp_path / "docs/a"))).status == "ok"
    assert (await desk.use("Read", file_path=str(tmp_path / "docs/b"))).status == "ok"
    assert len(desk.host.asked) == 1
    await desk.use("Read", file_path=str(tmp_path / "docs/x.pem"))
    assert len(desk.host.asked) == 2, "a folder's grant does not reach secrets"


async def test_unseen_characters_in_a_change_are_named(tmp_path: Path) -> None:
    """Trojan Source: a diff must not look like another one."""
    desk = Desk(tmp_path, answer=say("no"))
    await desk.use("Write", file_path="a.py", content="if admin:\u202e return\u2066\n")
    assert "U+202E" in desk.host.asked[0].why
    await desk.use("Read", file_path=str(tmp_path / "a\u200bb"))
    assert "U+200B" in desk.host.asked[1].why


def test_folders_of_skills_are_where_each_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    (tmp_path / "real" / "up").symlink_to("../link")
    (tmp_path / "top").symlink_to("/")
    (tmp_path / "nowhere").symlink_to("missing/too")
    (tmp_path / "round").symlink_to("round")
    monkeypatch.chdir(tmp_path / "real")
    names = ("link", "link/a", "link/../a", "real/up/x/y", "top/etc", "top/../a", "real/none/..",
             "nowhere", "nowhere/a", "round/a", "real", "")  # fmt: skip
    asked = [tmp_path / name for name in names] + [Path(name) for name in ("up/x", "../link", "")]
    asked += [Path("/"), Path("/..")]
    _, *found = Guard(tmp_path, tmp_path, places(), asked).skill_folders
    assert found == [Path(os.path.realpath(each)) for each in asked]
    assert found[-2:] == [Path("/"), Path("/")]
