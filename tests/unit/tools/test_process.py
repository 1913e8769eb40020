"""Commands: how they end, what they leave, what they see, what of their output is kept."""

from __future__ import annotations

import asyncio
import marshal
import os
import py_compile
import signal
import sys
import time
from pathlib import Path

import pytest

from sessions import child_process
from sessions.record import events as ev
from sessions.tools import command_output, process, sandbox, supervisor
from sessions.tools.policy import Command
from sessions.tools.state import ToolOptions
from tests.support.toolhost import Desk, say

SANDBOXES = [
    pytest.param(
        True,
        id="sandboxed",
        marks=pytest.mark.skipif(not sandbox.describe().works, reason="no sandbox here"),
    ),
    pytest.param(False, id="bare"),
]


@pytest.fixture(params=SANDBOXES)
async def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "GRACE_S", 0.3)
    desk = Desk(tmp_path, answer=say("once"), options=ToolOptions(sandbox=request.param))
    yield desk
    await desk.box.close()


def marked(mark: str) -> list[int]:
    """Processes that have `mark` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return [pid for pid in found if pid != os.getpid()]


async def gone(mark: str) -> None:
    async with asyncio.timeout(60):
        while marked(mark):
            await asyncio.sleep(0.02)


async def test_exit_code_and_both_streams(desk: Desk) -> None:
    result = await desk.bash("echo out; echo err >&2; exit 3")
    assert result.status == "error"
    assert result.data["exit_code"] == 3
    assert result.content.split("\n")[:2] == ["out", "err"]


async def test_working_directory_is_the_workspace_each_time(desk: Desk) -> None:
    await desk.bash("cd /")
    assert (await desk.bash("pwd")).content == str(desk.ws)


async def test_there_is_no_input(desk: Desk) -> None:
    assert (await desk.bash("cat; echo done")).content == "done"


async def test_unknown_program_of_a_rule_is_said(desk: Desk) -> None:
    ended = await _run(desk, ["/no/such/program"])
    assert ended.why == "error"
    assert "No such file" in ended.message


async def _run(desk: Desk, argv: list[str]) -> process.ProcessEnd:
    kept = command_output.Spool(desk.files, "x.txt", None)
    running = await process.start(argv, cwd=desk.ws, env=process.environment(), spool=kept)
    try:
        return await running.wait()
    finally:
        kept.close(keep=False)


STUBBORN = {
    "a plain sleep": "sleep {mark}",
    "children of a pipe": "sleep {mark} | sleep {mark} | cat",
    "a new session": "setsid sleep {mark}; sleep {mark}",
    "forked twice in a new session": (
        "(setsid sh -c 'sleep {mark} & sleep {mark} &' &) ; sleep {mark}"
    ),
    "TERM ignored": "trap '' TERM INT HUP; sleep {mark} & sleep {mark} & wait; sleep {mark}",
    "TERM ignored, forked twice": (
        "(setsid bash -c \"trap '' TERM; sleep {mark}; sleep {mark}\" &); sleep {mark}"
    ),
}


@pytest.mark.parametrize("line", STUBBORN.values(), ids=STUBBORN.keys())
async def test_interrupt_ends_everything(desk: Desk, line: str) -> None:
    """cc #42532, #82433, #79902: the tree is ended, not only the shell."""
    mark = f"{os.getpid() % 1000}97{len(line)}.5"
    task = asyncio.create_task(desk.bash(f"echo started; {line.format(mark=mark)}"))
    await desk.host.until(lambda: bool(desk.host.of(ev.ToolProgress)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    result = desk.host.of(ev.ToolResult)[-1]
    assert result.status == "cancelled"
    assert "started" in result.content, "what it had printed stays"
    await gone(f"sleep\0{mark}")


@pytest.mark.parametrize("line", STUBBORN.values(), ids=STUBBORN.keys())
async def test_timeout_ends_everything(desk: Desk, line: str) -> None:
    mark = f"{os.getpid() % 1000}96{len(line)}.5"
    result = await desk.bash(line.format(mark=mark), timeout=200)
    assert result.status == "error"
    assert "It was ended after 0.2 s" in result.content
    assert not marked(f"sleep\0{mark}")


async def test_what_a_command_leaves_behind_is_ended(desk: Desk) -> None:
    mark = f"{os.getpid() % 1000}95.5"
    await desk.bash(f"(setsid sleep {mark} &) ; echo done")
    assert not marked(f"sleep\0{mark}")


async def test_interrupt_does_not_wait_for_the_grace(desk: Desk) -> None:
    """The result stands at once, though the command ignores TERM for its two seconds."""
    task = asyncio.create_task(desk.bash("trap '' TERM; echo on; while :; do sleep 1; done"))
    await desk.host.until(lambda: bool(desk.host.of(ev.ToolProgress)))
    task.cancel()
    await asyncio.wait([task])
    job = next(iter(desk.box.state._leaving))
    assert not job.done(), "the turn is over while the command is still being ended"


async def test_commands_die_with_the_engine(desk: Desk) -> None:
    """kill -9 of the engine: its commands are ended by their supervisors."""
    mark = f"{os.getpid() % 1000}94.5"
    code = f"""
import asyncio
from pathlib import Path
from tests.support.toolhost import Desk, say
from sessions.tools.state import ToolOptions
async def main():
    desk = Desk(Path({str(desk.home)!r}), answer=say("once"),
                options=ToolOptions(sandbox={desk.options.sandbox}))
    task = asyncio.create_task(desk.bash("echo on; (setsid sleep {mark} &); sleep {mark}"))
    await desk.host.until(lambda: any(e.type == "tool.progress" for e in desk.host.events))
    print("ready", flush=True)
    await task
asyncio.run(main())
"""
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert engine.stdout is not None
    assert (await engine.stdout.readline()).strip() == b"ready"
    assert marked(f"sleep\0{mark}")
    engine.send_signal(signal.SIGKILL)
    await engine.wait()
    await gone(f"sleep\0{mark}")


async def test_a_pipe_that_somebody_else_holds_open_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_DRAIN_S", 0.01)
    child = await child_process.start(
        "sh", "-c", "sleep 100 & read line; exit 3", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    read, write = os.pipe()
    os.write(write, marshal.dumps({"code": 3}))
    os.close(write)
    assert child.stdin is not None
    try:
        running = process.Running(child, read, command_output.Spool(tmp_path, "out", None))
        await asyncio.sleep(0)
        child.stdin.write(b"\n")  # it ends while it is waited for
        assert (await running.wait()).code == 3
        pipe = child._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
        assert pipe.is_closing()
    finally:
        os.killpg(child.pid, signal.SIGKILL)


async def test_background_command_runs_on_and_is_read_in_parts(desk: Desk) -> None:
    (desk.ws / "go").unlink(missing_ok=True)
    started = await desk.bash(
        "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two", run_in_background=True
    )
    job = desk.box.state.jobs[started.data["job"]]
    await until(lambda: job.running.spool.total > 0)
    first = await desk.use("BashOutput", bash_id=job.id)
    assert first.content.split("\n") == ["one", "It runs."]
    (desk.ws / "go").touch()
    await job.ended()
    second = await desk.use("BashOutput", bash_id=job.id)
    assert second.content.split("\n") == ["two", "(Exit code 0.)"]


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_background_command_is_ended_when_asked(desk: Desk) -> None:
    mark = f"{os.getpid() % 1000}93.5"
    started = await desk.bash(f"sleep {mark}", run_in_background=True)
    result = await desk.use("KillBash", shell_id=started.data["job"])
    assert "was ended" in result.content
    assert not marked(f"sleep\0{mark}")


async def test_closing_the_session_ends_background_commands(desk: Desk) -> None:
    mark = f"{os.getpid() % 1000}92.5"
    await desk.bash(f"sleep {mark}", run_in_background=True)
    await desk.box.close()
    assert not marked(f"sleep\0{mark}")


async def test_unknown_background_command_names_those_that_are(desk: Desk) -> None:
    result = await desk.use("BashOutput", bash_id="bash_9")
    assert result.status == "error"
    assert "There are: none" in result.content


# -- output


async def test_ten_megabytes_are_kept_whole_and_told_in_part(desk: Desk) -> None:
    result = await desk.bash("seq 1 1400000")
    assert result.truncated
    assert len(result.content) < 100_000
    assert "1\n2\n3" in result.content
    assert result.content.rstrip().endswith("1400000") or "1400000" in result.content[-200:]
    kept = (desk.files / result.path).read_bytes()
    assert len(kept) > 9_000_000
    assert kept.endswith(b"1400000\n")
    shown = sum(len(e.text) for e in desk.host.of(ev.ToolProgress))
    assert shown < 200_000, "the record does not hold it a second time"
    rest = await desk.use("Read", file_path=str(desk.files / result.path), offset=700_000, limit=1)
    assert rest.content.startswith("700000\t700000")


async def test_output_beyond_the_cap_is_counted_and_dropped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_output, "KEEP_BYTES", 200_000)
    result = await desk.bash("head -c 400000 /dev/zero | tr '\\0' a")
    assert "only the first 200,000 bytes are kept" in result.content
    assert (desk.files / result.path).stat().st_size == 200_000
    assert result.data["bytes"] == 400_000


async def test_a_full_disk_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    result = await desk.bash("head -c 200000 /dev/zero | tr '\\0' a")
    assert "No space left on device" in result.content


async def test_escape_sequences_do_not_reach_the_model_or_the_screen(desk: Desk) -> None:
    result = await desk.bash(r"printf 'a\033[31mred\033[0m\033]52;c;eA==\007b\r\nc\rd\233x\001'")
    shown = "".join(e.text for e in desk.host.of(ev.ToolProgress))
    for text in (result.content, shown):
        assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in text)
        assert "red" in text
        assert "52;c" not in text


async def test_binary_output_is_said_plainly(desk: Desk) -> None:
    result = await desk.bash(r"printf 'a\0b\377\376'; head -c 3000 /dev/urandom")
    assert "binary output" in result.content
    assert len(result.content) < 400
    assert (desk.files / result.path).read_bytes().startswith(b"a\0b\xff\xfe")


async def test_small_output_leaves_no_file(desk: Desk) -> None:
    await desk.bash("echo hi")
    assert not list(desk.files.iterdir())


async def test_hostile_call_id_names_no_path(desk: Desk) -> None:
    call = ev.ToolCall(turn=1, call="../../../x", name="Bash", input={"command": "seq 1 99999"})
    result = (await desk.box.run([call], desk.host))[0]
    assert (desk.files / result.path).is_file()
    assert "/" not in result.path


# -- environment


async def test_no_key_reaches_a_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-1234567890")
    monkeypatch.setenv("MY_THING", "sk-ant-1234567890")
    monkeypatch.setenv("LANG", "sk-ant-1234567890")
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    result = await desk.bash("env; cat /proc/$PPID/environ | tr '\\0' '\\n'")
    assert "sk-ant" not in result.content
    assert "evil" not in result.content


def test_named_variables_pass_but_no_keys_and_no_loaders() -> None:
    base = {"PATH": ".:/usr/bin::bin", "A": "1", "B_TOKEN": "t", "LD_PRELOAD": "x", "C": "2"}
    passed = process.environment(["A", "B_TOKEN", "LD_PRELOAD"], base)
    assert passed["A"] == "1"
    assert not {"B_TOKEN", "LD_PRELOAD", "C"} & passed.keys()
    assert passed["PATH"] == "/usr/bin", "a workspace supplies no programs"
    assert passed["TERM"] == "dumb"


async def test_supervisor_is_not_taken_from_the_workspace(desk: Desk) -> None:
    for name in (
        "json.py",
        "marshal.py",
        "signal.py",
        "sessions.py",
        "select.py",
        "sitecustomize.py",
    ):
        (desk.ws / name).write_text("raise SystemExit('shadowed')\n")
    assert (await desk.bash("echo fine")).content == "fine"
    (desk.ws / "a.txt").write_text("needle\n")
    assert "needle" in (await desk.use("Grep", pattern="needle", output_mode="content")).content


async def test_a_supervisor_that_is_not_compiled_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.__spec__, "cached", str(desk.ws / "none.pyc"))
    assert process._program().endswith("supervisor.py")
    assert (await desk.bash("echo fine")).content == "fine"


async def test_a_compiled_supervisor_of_another_source_is_not_begun(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Python writes no compiled files, an older version's may lie there."""
    source, compiled = desk.ws / "supervisor.py", desk.ws / "supervisor.pyc"
    source.write_bytes(Path(supervisor.__file__).read_bytes())
    py_compile.compile(str(source), str(compiled))
    monkeypatch.setattr(supervisor, "__file__", str(source))
    monkeypatch.setattr(supervisor.__spec__, "cached", str(compiled))
    assert process._program() == str(compiled)
    assert (await desk.bash("echo fine")).content == "fine"
    source.write_bytes(source.read_bytes() + b"# newer\n")
    assert process._program() == str(source)
    assert (await desk.bash("echo fine")).content == "fine"


def test_command_names_what_was_judged() -> None:
    assert Command("ls").argv == ()


async def test_a_repeated_call_id_gets_a_file_of_its_own(desk: Desk) -> None:
    """Servers repeat ids; the second output must neither fail nor replace the first."""
    call = ev.ToolCall(turn=1, call="same", name="Bash", input={"command": "seq 1 99999"})
    first = (await desk.box.run([call], desk.host))[0]
    second = (await desk.box.run([call], desk.host))[0]
    assert first.path != second.path
    assert (desk.files / first.path).is_file()


@pytest.mark.parametrize("steps", range(1, 7))
async def test_one_that_is_cancelled_while_it_begins_leaves_nothing(
    tmp_path: Path, steps: int
) -> None:
    spool = command_output.Spool(tmp_path, "out.txt", None)
    begun = asyncio.create_task(
        process.start(["/bin/sh", "-c", "sleep 98765 & wait"], cwd=tmp_path, env={}, spool=spool)
    )
    for _ in range(steps):
        await asyncio.sleep(0)
    time.sleep(0.3)
    begun.cancel()
    async with asyncio.timeout(60):
        try:
            running = await begun
        except asyncio.CancelledError:
            pass
        else:  # it was not in time
            running.stop()
            await running.wait()
    spool.close(keep=False)
    await gone("98765")


async def test_one_that_is_cancelled_where_nothing_can_begin_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, refused = asyncio.Event(), asyncio.Event()

    async def full(*_: object, **__: object) -> None:
        asked.set()
        await refused.wait()
        raise OSError("no more processes")

    monkeypatch.setattr(child_process, "start", full)
    spool = command_output.Spool(tmp_path, "out.txt", None)
    begun = asyncio.create_task(process.start(["true"], cwd=tmp_path, env={}, spool=spool))
    await asked.wait()
    begun.cancel()
    await asyncio.sleep(0)
    refused.set()
    with pytest.raises(asyncio.CancelledError):
        await begun
    spool.close(keep=False)
