"""Commands whose input or output is bad, and commands that are ended from outside."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import COMMAND, Home

pytestmark = pytest.mark.timeout(300)


def reasons(home: Home) -> list[str]:
    """How the turns of the one session ended."""
    told = home.out("sessions", "show", home.ids()[0], "--json").splitlines()
    return [e["reason"] for e in map(json.loads, told) if e["type"] == "turn.ended"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_takes_its_turn_with_it(
    home: Home, number: signal.Signals
) -> None:
    process = home.popen("run", "stream 2000 40", "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "text":
            break
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in stderr
    assert reasons(home) == ["interrupted"]


def test_a_reader_that_has_enough_ends_the_run_and_its_turn(home: Home) -> None:
    home.out("engine", "start")
    home.fresh = True
    process = home.popen("run", "stream 2000 40")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(20)
    process.stdout.close()
    assert process.wait(timeout=30) == 1
    assert process.stderr.read() == ""
    assert reasons(home) == ["interrupted"]


def test_output_that_cannot_be_written_is_a_sentence(bare: Home) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "config", "show"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=bare.work,
            env=bare.env,
            check=False,
        )
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") <= 2


def test_a_prompt_of_broken_utf8_is_read_as_well_as_it_can_be(home: Home) -> None:
    home.out("engine", "start")
    done = subprocess.run(
        [*COMMAND, "run", "-"],
        input=b"before \xff\xfe after",
        capture_output=True,
        cwd=home.work,
        env=home.env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"before" in done.stdout and b"after" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_answer_that_the_output_cannot_say_is_written_with_marks(
    home: Home, encoding: str
) -> None:
    home.out("engine", "start")
    home.extra_env = {"PYTHONIOENCODING": encoding}
    done = home.call("run", "漢字 ok")
    assert done.returncode == 0, done.stderr
    assert "ok" in done.stdout


def test_a_working_directory_that_is_gone_is_a_sentence(bare: Home) -> None:
    gone = bare.work / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(gone), *COMMAND, "run", "hi"],
        capture_output=True,
        text=True,
        env=bare.env,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "director" in done.stderr


def log_of(home: Home) -> str:
    log = home.places.log
    return log.read_text() if log.exists() else ""


def test_a_run_that_outgrows_a_limit_on_files_ends_at_once_with_the_reason(home: Home) -> None:
    """The same calls are refused as on a full disk: EFBIG where that says ENOSPC."""
    home.file_limit = 15_000
    done = home.call("run", "stream 3000 2000")
    assert done.returncode == 1
    assert "can't be recorded: the limit on the size of files is reached" in done.stderr
    assert done.stderr.count("\n") <= 3
    assert "word0" in done.stdout
    assert "Traceback" not in log_of(home)
    told = home.out("sessions", "show", home.ids()[0], "--json").splitlines()
    shown = "".join(e["text"] for e in map(json.loads, told) if e["type"] == "text")
    assert done.stdout.strip() == shown.strip()


def test_a_message_that_cannot_be_recorded_is_refused_at_once(home: Home) -> None:
    home.file_limit = 2_000
    done = home.call("run", "long " * 1000)
    assert done.returncode == 1
    assert "the limit on the size of files is reached" in done.stderr
    assert "ulimit -f" in done.stderr


@pytest.mark.parametrize("limit", [0, 300])
def test_where_nothing_can_be_written_every_command_says_so(home: Home, limit: int) -> None:
    home.fresh = True  # what is imported first counts too
    home.file_limit = limit
    for args in (("run", "hello"), ("engine", "start"), ("prime", "acronym", "--draw-only")):
        done = home.call(*args)
        assert done.returncode in (0, 1), done.stderr
        assert done.returncode == 0 or done.stderr.startswith("agentdeck: ")
    assert "Traceback" not in log_of(home)


def test_a_run_goes_on_with_a_session_once_the_limit_is_raised(home: Home) -> None:
    home.file_limit = 15_000
    assert home.call("run", "stream 3000 2000").returncode == 1
    home.file_limit = None
    home.close()
    session = home.ids()[0]
    assert "You said" in home.out("run", "and now?", "--session", session)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS heeds no such limit")
@pytest.mark.parametrize("megabytes", [34, 40, 60, 90])
def test_too_little_memory_is_a_sentence(home: Home, megabytes: int) -> None:
    home.memory_limit = megabytes * 2**20
    for command in (["run", "Hi"], ["engine", "start"], ["sessions", "list"]):
        done = home.call(*command)  # which allows no traceback
        assert done.returncode in (0, 1)
        assert done.returncode == 0 or "memory" in done.stderr, done.stderr
        assert ".." not in done.stderr
    home.memory_limit = None
