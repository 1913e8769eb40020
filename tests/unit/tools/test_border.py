"""The border of git, sockets and set-aside files, in a real sandbox. Harmless input throughout."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.tools import git_border, quarantine, sandbox, sockets
from sessions.tools.sandbox import Sandbox
from tests.support.toolhost import Desk, say

pytestmark = pytest.mark.skipif(
    sandbox.describe().name != "bubblewrap", reason="no bubblewrap here"
)


@pytest.fixture
async def desk(tmp_path: Path):
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    yield desk
    await desk.box.close()


def git(cwd: Path, *words: str) -> str:
    """Git as the user would run it, outside."""
    named = ["-c", "user.name=n", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *named, *words], cwd=cwd, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def repo(desk: Desk) -> Path:
    """The workspace as a repository with one commit."""
    git(desk.ws, "init", "-q")
    (desk.ws / "f").write_text("x\n")
    git(desk.ws, "add", "f")
    git(desk.ws, "commit", "-qm", "one")
    return desk.ws


def run_by_git(cwd: Path) -> set[str]:
    """The markers that the user's own git leaves, if something planted runs."""
    before = set(os.listdir(cwd))
    for words in (["status"], ["add", "-A"], ["commit", "-qm", "mine", "--allow-empty"], ["diff"]):
        named = ["-c", "user.name=n", "-c", "user.email=a@b"]
        subprocess.run(["git", *named, *words], cwd=cwd, capture_output=True)
    return {n for n in set(os.listdir(cwd)) - before if n.startswith("MARK")}


HOOK = "printf '#!/bin/sh\\ntouch MARK' > {0}; chmod +x {0}"
PLANTS = {
    "a hook": "mkdir -p .git/hooks; " + HOOK.format(".git/hooks/pre-commit"),
    "the folder of hooks replaced": "mv .git/hooks .git/h2; mkdir .git/hooks; "
    + HOOK.format(".git/hooks/pre-commit"),
    "git renamed and replaced": "mv .git .g2; cp -r .g2 .git; "
    + HOOK.format(".git/hooks/pre-commit"),
    "git removed and made anew": "rm -rf .git; git init -q; "
    + HOOK.format(".git/hooks/pre-commit"),
    "a setting": "git config core.fsmonitor 'touch MARK; false'",
    "settings replaced": "cp .git/config c; echo '[core] fsmonitor = touch MARK' >> c; "
    "mv c .git/config",
    "commondir": "cp -r .git .other; " + HOOK.format(".other/hooks/pre-commit")
    + "; echo ../.other > .git/commondir",
    "a worktree's own settings": "git config extensions.worktreeConfig true; "
    "printf '[core]\\nfsmonitor = touch MARK\\n' > .git/config.worktree",
    "a link as git": "mv .git .real; ln -s .real .git; " + HOOK.format(".real/hooks/pre-commit"),
    "a file as git": "mv .git .real; echo 'gitdir: .real' > .git; "
    + HOOK.format(".real/hooks/pre-commit"),
    "a filter by attributes": "echo '* filter=x' > .gitattributes; "
    "git config filter.x.clean 'touch MARK; cat'",
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
async def test_what_a_command_plants_is_not_run_by_the_users_git(
    desk: Desk, repo: Path, name: str
) -> None:
    await desk.bash(PLANTS[name])
    assert run_by_git(repo) == set()
    if "removed" not in name:  # a command may delete what it may write, history too
        assert git(repo, "log", "--format=%s").split()[-1] == "one"


NESTED = {
    "hooks": HOOK.format("a/sub/.git/hooks/pre-commit"),
    "settings": "git -C a/sub config core.fsmonitor 'touch MARK; false'",
    "moved": "mv a/sub/.git a/sub/.g2; cp -r a/sub/.g2 a/sub/.git; "
    + HOOK.format("a/sub/.git/hooks/pre-commit"),
    "moved above": "mv a b; cp -r b a; " + HOOK.format("a/sub/.git/hooks/pre-commit"),
    "made new beside": "git init -q a/sub2; rm -rf a/sub; mv a/sub2 a/sub; "
    + HOOK.format("a/sub/.git/hooks/pre-commit"),
}


@pytest.mark.parametrize("name", NESTED)
async def test_a_nested_repository_is_a_border_too(desk: Desk, repo: Path, name: str) -> None:
    sub = repo / "a/sub"
    sub.mkdir(parents=True)
    git(sub, "init", "-q")
    (sub / "f").write_text("x")
    await desk.bash(NESTED[name])
    assert run_by_git(sub) == set()


async def test_a_submodules_hooks_and_settings_are_kept(desk: Desk, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q")
    git(origin, "commit", "-qm", "o", "--allow-empty")
    git(desk.ws, "init", "-q")
    git(desk.ws, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(origin), "m")
    await desk.bash(
        "mkdir -p .git/modules/m/hooks; " + HOOK.format(".git/modules/m/hooks/pre-commit")
        + "; git -C m config core.fsmonitor 'touch MARK; false'"
    )  # fmt: skip
    assert run_by_git(desk.ws / "m") == set()


async def test_a_new_repository_of_a_command_is_plain(desk: Desk) -> None:
    plain = await desk.bash("git init -q new && git -C new config user.name n")
    assert "set aside" not in plain.content
    told = await desk.bash("git init -q evil; " + HOOK.format("evil/.git/hooks/pre-commit"))
    assert "pre-commit was set aside" in told.content
    assert run_by_git(desk.ws / "evil") == set()
    told = await desk.bash("git init -q cfg; git -C cfg config core.fsmonitor 'touch MARK; false'")
    assert "config was set aside" in told.content


async def test_a_folder_that_a_command_makes_a_bare_repository_runs_nothing(desk: Desk) -> None:
    told = await desk.bash(
        "mkdir bare && cd bare && mkdir objects refs hooks && "
        "echo 'ref: refs/heads/main' > HEAD && "
        "printf '[core]\\nrepositoryformatversion = 0\\nbare = false\\nworktree = .\\n"
        "fsmonitor = touch MARK\\n' > config"
    )
    assert "config was set aside" in told.content


async def test_hooks_of_a_configured_folder_are_kept(desk: Desk, repo: Path) -> None:
    (repo / "tools/hooks").mkdir(parents=True)
    git(repo, "config", "core.hooksPath", "tools/hooks")
    await desk.bash(HOOK.format("tools/hooks/pre-commit"))
    assert run_by_git(repo) == set()


WORKS = (
    "git config user.name >/dev/null; echo y >> f && git add f && git -c user.name=n "
    "-c user.email=a@b commit -qm two && git switch -qc other && git stash list && "
    "git log --format=%s"
)


async def test_git_works_in_a_repository(desk: Desk, repo: Path) -> None:
    result = await desk.bash(WORKS)
    assert result.content.split() == ["two", "one"], result.content


async def test_git_works_in_a_linked_worktree(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    (main / "f").write_text("x\n")
    git(main, "add", "f")
    git(main, "commit", "-qm", "one")
    git(main, "worktree", "add", "-q", str(tmp_path / "other"), "-b", "side2")
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    shutil.rmtree(desk.ws)
    git(main, "worktree", "add", "-q", str(desk.ws), "-b", "side")
    result = await desk.bash(WORKS)
    assert result.content.split() == ["two", "one"], result.content
    await desk.bash(
        HOOK.format(f"{main}/.git/hooks/pre-commit")
        + f"; echo 'ref: refs/heads/side' > {main}/.git/worktrees/other/HEAD; "
        f"git config core.fsmonitor 'touch MARK; false'; echo x > {main}/f"
    )
    assert run_by_git(main) == set() == run_by_git(desk.ws)
    assert git(tmp_path / "other", "branch", "--show-current").strip() == "side2"
    assert (main / "f").read_text() == "x\n"
    await desk.box.close()


async def test_git_works_in_a_subfolder_of_a_repository(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    git(tmp_path, "init", "-q")
    (desk.ws / "f").write_text("x\n")
    git(tmp_path, "add", "ws/f")
    git(tmp_path, "commit", "-qm", "one")
    result = await desk.bash(WORKS)
    assert result.content.split() == ["two", "one"], result.content
    await desk.bash(HOOK.format(f"{tmp_path}/.git/hooks/pre-commit"))
    assert run_by_git(tmp_path) == set()
    await desk.box.close()


async def test_a_forged_pointer_opens_no_other_repository(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "commit", "-qm", "theirs", "--allow-empty")
    (desk.ws / ".git").write_text(f"gitdir: {other}/.git\n")
    assert git_border.repository(desk.ws) is None
    await desk.bash(f"touch {other}/.git/MARKED; git -c user.name=n -c user.email=a@b commit "
                    "-qm mine --allow-empty")  # fmt: skip
    assert not (other / ".git/MARKED").exists()
    assert git(other, "log", "--format=%s").split() == ["theirs"]
    await desk.box.close()


# -- set aside


async def test_a_name_that_is_taken_does_not_keep_it_there(desk: Desk) -> None:
    result = await desk.bash("mkdir -p .mcp.json.set-aside/x; echo evil > .mcp.json")
    assert not (desk.ws / ".mcp.json").exists()
    assert "was set aside as .mcp.json.set-aside-" in result.content
    result = await desk.bash("echo evil > .mcp.json")
    assert len(list(desk.ws.glob(".mcp.json.set-aside-*"))) == 2


def test_what_cannot_be_set_aside_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").touch()

    def refuses(self: Path, target: Path) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "rename", refuses)
    told = quarantine.set_aside(tmp_path / "x")
    assert "still there" in told
    assert "Permission denied" in told


def test_what_a_killed_engine_left_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "ws" / ".envrc"
    file.parent.mkdir()
    quarantine.Watchlist(tmp_path / "commands", [file])  # and the engine is killed
    file.write_text("evil")
    told = quarantine.sweep(tmp_path / "commands")
    assert not file.exists()
    assert ".envrc was set aside" in told[0]
    assert quarantine.sweep(tmp_path / "commands") == []


# -- sockets


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder of the test's own outside /tmp, of which nothing is seen in the sandbox."""
    here = Path(__file__).parent
    if here.is_relative_to("/tmp"):
        pytest.skip("the checkout is in /tmp, of which nothing is seen in the sandbox")
    home = Path(tempfile.mkdtemp(prefix=".h-", dir=here))
    yield home
    shutil.rmtree(home)


@pytest.mark.parametrize("network", [False, True])
async def test_sockets_in_the_home_folder_do_not_answer(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch, network: bool
) -> None:
    box = Sandbox(desk.ws, desk.files, [], desk.box.state.tmp, home)
    monkeypatch.setattr(desk.box.state, "_sandbox", box)
    desk.host.answer = say("once")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(home)  # a socket's path is short
        server.bind("s")
        server.listen()
        assert home / "s" in sockets.to_hide(home) or Path("s").exists()
        server_path = home / "t"
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(server_path))
            other.listen()
            line = (
                "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); "
                f's.connect("{server_path}"); print("reached")\''
            )
            assert "reached" not in (await desk.bash(line, network=network)).content


async def test_a_socket_that_goes_away_while_a_command_starts_keeps_it_from_nothing(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Sandbox(desk.ws, desk.files, [], desk.box.state.tmp, home)
    monkeypatch.setattr(desk.box.state, "_sandbox", box)
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(home)
        server.bind("s")
        gone = iter([[home / "s"]])
        monkeypatch.setattr(sockets, "to_hide", lambda _home: next(gone, []))
        wrap = Sandbox.wrap

        def late(self: Sandbox, argv: list[str], *, network: bool) -> sandbox.Wrapped:
            wrapped = wrap(self, argv, network=network)
            (home / "s").unlink(missing_ok=True)
            return wrapped

        monkeypatch.setattr(Sandbox, "wrap", late)
        result = await desk.bash("echo went on")
    assert result.content == "went on"


async def test_a_repository_that_goes_away_while_a_command_starts_keeps_it_from_nothing(
    desk: Desk, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = repo / "below"
    nested.mkdir()
    git(nested, "init", "-q")
    desk.host.answer = say("once")
    assert desk.box.state.sandbox is not None
    wrap = Sandbox.wrap

    def late(self: Sandbox, argv: list[str], *, network: bool) -> sandbox.Wrapped:
        wrapped = wrap(self, argv, network=network)
        shutil.rmtree(nested, ignore_errors=True)
        return wrapped

    monkeypatch.setattr(Sandbox, "wrap", late)
    assert (await desk.bash("echo went on")).content == "went on"


async def test_a_request_for_the_network_says_what_it_opens(desk: Desk) -> None:
    await desk.bash("true", network=True)
    why = desk.host.asked[0].why
    assert "this machine" in why
    assert "abstract" in why


# -- long commands


@pytest.mark.parametrize("filler", ["x", "'"])
async def test_a_command_line_of_any_length_runs(desk: Desk, filler: str) -> None:
    text = filler * 300_000
    result = await desk.bash(f"cat <<'END' | wc -c\n{text}\nEND")
    assert result.content == "300001"
    assert not list(desk.box.state.tmp.glob(".command-*"))
