"""What a command can reach from inside the sandbox, and the mode that relies on it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sessions.tools import policy, sandbox
from sessions.tools.sandbox import Protection, Sandbox
from sessions.tools.state import ToolOptions
from tests.support.rig import until
from tests.support.toolhost import Desk, say

needs_sandbox = pytest.mark.skipif(
    sandbox.describe().name != "bubblewrap", reason="no bubblewrap here"
)


@pytest.fixture
async def desk(tmp_path: Path):
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    yield desk
    await desk.box.close()


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Protection("", "There is none.", "Install one.")
    monkeypatch.setattr("sessions.tools.state.describe", lambda: nothing)
    monkeypatch.setattr("sessions.tools.policy.describe", lambda: nothing)


@needs_sandbox
async def test_full_runs_in_the_sandbox_without_asking(desk: Desk) -> None:
    result = await desk.bash("echo x > made && cat made")
    assert result.content == "x"
    assert not desk.host.asked


@needs_sandbox
async def test_nothing_outside_the_workspace_can_be_written(desk: Desk) -> None:
    outside = desk.home / "outside.txt"
    result = await desk.bash(
        f"echo x > {outside}; echo x > /etc/agentdeck-test; echo x > ~/x; true"
    )
    assert not outside.exists()
    assert not Path("/etc/agentdeck-test").exists()
    assert "Read-only" in result.content


@needs_sandbox
async def test_tmp_is_the_sessions_own_and_stays(desk: Desk) -> None:
    await desk.bash("echo kept > /tmp/agentdeck-note")
    assert (await desk.bash("cat /tmp/agentdeck-note")).content == "kept"
    assert not Path("/tmp/agentdeck-note").exists()


@needs_sandbox
async def test_secrets_and_agentdecks_own_folders_are_hidden(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside /tmp, which is hidden whole: a home folder of our own, in the checkout."""
    import shutil
    import tempfile

    here = Path(__file__).parent
    if here.is_relative_to("/tmp"):
        pytest.skip("the checkout is in /tmp, of which nothing is seen in the sandbox")
    home = Path(tempfile.mkdtemp(prefix=".sandbox-test-", dir=here))
    try:
        for name in (".ssh/id_rsa", ".aws/credentials", ".netrc", "deck/config.toml", "plain"):
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text("SECRET\n")
        box = Sandbox(desk.ws, desk.files, [home / "deck"], desk.box.state.tmp, home)
        monkeypatch.setattr(desk.box.state, "_sandbox", box)
        result = await desk.bash(
            f"cd {home}; cat .ssh/id_rsa .aws/credentials .netrc deck/config.toml; echo; cat plain"
        )
        assert result.content.count("SECRET") == 1
    finally:
        shutil.rmtree(home)


@needs_sandbox
async def test_the_sessions_own_files_can_be_read(desk: Desk) -> None:
    (desk.files / "out.txt").write_text("whole\n")
    assert (await desk.bash(f"cat {desk.files}/out.txt")).content == "whole"
    await desk.bash(f"echo x > {desk.files}/out.txt")
    assert (desk.files / "out.txt").read_text() == "whole\n"


@needs_sandbox
async def test_other_processes_are_not_seen(desk: Desk) -> None:
    result = await desk.bash("ls -d /proc/[0-9]* | wc -l")
    assert int(result.content) < 10


@needs_sandbox
async def test_there_is_no_network_unless_it_is_allowed(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        line = f"(exec 3<>/dev/tcp/127.0.0.1/{port}) && echo reached"
        assert "reached" not in (await desk.bash(line)).content
        desk.host.answer = say("once")
        assert "reached" in (await desk.bash(line, network=True)).content
    assert len(desk.host.asked) == 1
    assert "network" in desk.host.asked[0].why


@needs_sandbox
async def test_leaving_the_sandbox_asks_in_every_mode(desk: Desk) -> None:
    result = await desk.bash("ls", dangerouslyDisableSandbox=True)
    assert result.status == "denied"
    assert "OUTSIDE the sandbox" in desk.host.asked[0].why
    kinds = {o["kind"] for o in desk.host.asked[0].options}
    assert kinds == {"allow_once", "reject_once"}


@needs_sandbox
@pytest.mark.parametrize(
    "path", [".claude/settings.json", ".codex/x", ".git/hooks/pre-commit", ".agents/skills/x"]
)
async def test_steering_folders_cannot_be_made(desk: Desk, path: str) -> None:
    """CVE-2026-25725: what is missing is protected too; what a command made is not lost."""
    (desk.ws / ".git").mkdir()
    result = await desk.bash(f"mkdir -p $(dirname {path}); echo evil > {path}; true")
    assert not (desk.ws / path).exists()
    assert not (desk.ws / path).parent.exists() or path.startswith(".git/")
    assert "set aside" in result.content


@needs_sandbox
@pytest.mark.parametrize("path", [".git/config", ".claude/settings.json", ".mcp.json"])
async def test_steering_files_that_are_there_cannot_be_changed(desk: Desk, path: str) -> None:
    file = desk.ws / path
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    await desk.bash(f"echo evil > {path}; rm -rf {path}; mv {path} x; true")
    assert file.read_text() == "mine"


@needs_sandbox
async def test_a_steering_file_that_a_command_made_is_set_aside(desk: Desk) -> None:
    result = await desk.bash("echo evil > .mcp.json")
    assert not (desk.ws / ".mcp.json").exists()
    assert "set aside" in result.content


@needs_sandbox
async def test_what_a_background_command_makes_is_set_aside_while_it_runs(desk: Desk) -> None:
    started = await desk.bash(
        "sleep 0.8; mkdir .claude; echo evil > .claude/x; until [ -e go ]; do sleep 0.02; done",
        run_in_background=True,
    )
    job = desk.box.state.jobs[started.data["job"]]
    await until(lambda: bool(job.aside), 60)
    assert not (desk.ws / ".claude").exists()
    (desk.ws / "go").touch()
    await job.ended()
    output = await desk.use("BashOutput", bash_id=started.data["job"])
    assert "set aside" in output.content


@needs_sandbox
async def test_a_listing_shows_nothing_that_is_not_there(desk: Desk) -> None:
    await desk.bash("git init -q . && echo x > f")
    result = await desk.bash("ls -A; git status --porcelain")
    assert result.content.split() == [".git", "f", "??", "f"]


@needs_sandbox
async def test_no_way_to_more_rights(desk: Desk) -> None:
    result = await desk.bash("mount -o remount,rw / ; grep CapEff /proc/self/status")
    assert "0000000000000000" in result.content


async def test_full_without_a_sandbox_asks_until_it_is_confirmed(
    tmp_path: Path, no_sandbox: None
) -> None:
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    assert (await desk.bash("ls")).status == "denied"
    why = desk.host.asked[0].why
    assert "not in force" in why
    assert "NOT sandboxed" in why
    assert (await desk.use("Write", file_path="a", content="x")).status == "denied"


async def test_full_without_a_sandbox_confirmed_runs(tmp_path: Path, no_sandbox: None) -> None:
    desk = Desk(tmp_path, mode="full", options=ToolOptions(full_confirmed=True))
    assert (await desk.bash("echo x")).content == "x"


async def test_a_request_says_whether_it_is_sandboxed(tmp_path: Path, no_sandbox: None) -> None:
    desk = Desk(tmp_path, mode="ask", answer=say("no"))
    await desk.bash("ls")
    assert "NOT sandboxed: with all your rights" in desk.host.asked[0].why


def test_describe_says_what_protects() -> None:
    found = sandbox.describe()
    assert found.detail
    assert found.works or found.remedy


def test_macos_profile_denies_first_and_hides_secrets(tmp_path: Path) -> None:
    (tmp_path / "home/.ssh").mkdir(parents=True)
    (tmp_path / "ws").mkdir()
    box = Sandbox(tmp_path / "ws", tmp_path / "f", [], tmp_path / "tmp", tmp_path / "home")
    text = box.profile(network=False)
    assert text.index("(deny file-write*)") < text.index(f'(subpath "{tmp_path}/ws")')
    assert f'(deny file-read* file-write* (subpath "{tmp_path}/home/.ssh"))' in text
    assert f'(deny file-write* (subpath "{tmp_path}/ws/.claude"))' in text
    assert text.endswith("(deny network*)")
    assert "(deny network*)" not in box.profile(network=True)


def test_modes_are_the_four() -> None:
    assert policy.MODES == ("read-only", "ask", "edit", "full")


@needs_sandbox
async def test_git_works_inside(desk: Desk) -> None:
    result = await desk.bash(
        "git init -q . && git config user.email a@b && git config user.name n && echo x > f && "
        "git add f && git commit -qm one && git log --format=%s"
    )
    assert result.content == "one"
    result = await desk.bash("echo y > f && git commit -qam two && git switch -qc other && "
                             "git log --format=%s")  # fmt: skip
    assert result.content.split() == ["two", "one"]


@needs_sandbox
async def test_a_home_folder_as_workspace_keeps_its_secrets(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    for name in (".ssh/id_rsa", ".aws/credentials", ".netrc", ".bashrc", "plain"):
        (desk.ws / name).parent.mkdir(exist_ok=True)
        (desk.ws / name).write_text("SECRET\n")
    state = desk.box.state
    state._sandbox = Sandbox(desk.ws, desk.files, [], state.tmp, home=desk.ws)
    result = await desk.bash("cat .ssh/id_rsa .aws/credentials .netrc plain; echo x >> .bashrc")
    assert result.content.count("SECRET") == 1
    assert (desk.ws / ".bashrc").read_text() == "SECRET\n"
    await desk.box.close()


@needs_sandbox
async def test_skills_in_a_hidden_folder_can_be_read(desk: Desk) -> None:
    script = desk.places.my_skills / "x" / "run.sh"
    script.parent.mkdir(parents=True)
    script.write_text("echo ran\n")
    assert (await desk.bash(f"sh {script}")).content == "ran"
    assert (await desk.use("Read", file_path=str(script))).status == "ok"
    assert not desk.host.asked
    assert (await desk.use("Write", file_path=str(script), content="x")).status in (
        "denied", "error",
    )  # fmt: skip


async def test_the_sessions_tmp_is_private_and_goes_with_it(desk: Desk) -> None:
    """CVE-2026-46406: no fixed name, nobody else's to read."""
    tmp = desk.box.state.tmp
    assert tmp.stat().st_mode & 0o777 == 0o700
    await desk.box.close()
    assert not tmp.exists()


async def test_no_tool_takes_a_working_directory(desk: Desk) -> None:
    """CVE-2025-59532: what is writable comes from the user, never from an argument."""
    for name in ("cwd", "workdir", "working_directory", "env"):
        assert (await desk.bash("pwd", **{name: "/"})).status == "error"
    for definition in desk.box.definitions():
        assert "cwd" not in definition["input_schema"]["properties"]


async def test_full_can_be_confirmed_later(tmp_path: Path, no_sandbox: None) -> None:
    desk = Desk(tmp_path, mode="full", answer=say("no"))
    assert (await desk.bash("echo x")).status == "denied"
    desk.box.confirm_full()
    assert (await desk.bash("echo x")).content == "x"


@needs_sandbox
async def test_links_among_the_protected_paths_do_not_break_commands(desk: Desk) -> None:
    (desk.home / "elsewhere").mkdir()
    (desk.ws / "inner").mkdir()
    (desk.ws / ".claude").symlink_to(desk.home / "elsewhere")
    (desk.ws / ".codex").symlink_to("inner")
    (desk.ws / ".mcp.json").symlink_to("nowhere")
    (desk.ws / ".git").write_text("gitdir: /nowhere\n")
    result = await desk.bash(
        "echo evil > .claude/x; echo evil > .codex/x; echo x > .git; "
        "rm .claude; mkdir .claude; echo evil > .claude/x; echo fine"
    )
    assert "fine" in result.content
    assert not list((desk.home / "elsewhere").iterdir())
    assert not list((desk.ws / "inner").iterdir())
    assert (desk.ws / ".git").read_text() == "gitdir: /nowhere\n"
    assert (desk.ws / ".mcp.json").is_symlink()
    assert (desk.ws / ".claude").readlink() == desk.home / "elsewhere"
    (aside,) = desk.ws.glob(".claude.set-aside-*")
    assert aside.is_dir()
