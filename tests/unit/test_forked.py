"""What the tests fork instead of starting it is in every respect what it would be if started."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tests.support import forked
from tests.support.forked import Forked
from tests.support.rig import alive

pytestmark = pytest.mark.skipif(not forked.forks_here(os.environ), reason="nothing is forked")
BOTH = pytest.mark.parametrize("begin", [Forked, subprocess.Popen])
PROBE = [sys.executable, "-P", "-m", forked.PROBE]


def begun(begin: Callable[..., Any], *args: str, **how: Any) -> subprocess.Popen[str]:
    """The program, with its streams on pipes."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    how = {"env": dict(os.environ) | forked.SETTINGS} | how
    process: subprocess.Popen[str] = begin([*PROBE, *args], text=True, **pipes, **how)
    return process


def told(begin: Callable[..., Any], *args: str, **how: Any) -> tuple[Any, str, int]:
    """What it finds, what it says beside that, and its exit code."""
    process = begun(begin, *args, **how)
    out, err = process.communicate("some input", timeout=60)
    return json.loads(out), err, process.returncode


@pytest.mark.parametrize("session", [False, True])
def test_a_fork_finds_what_a_fresh_process_finds(tmp_path: Path, session: bool) -> None:
    here, _ = os.pipe()
    how: dict[str, Any] = {"cwd": tmp_path, "start_new_session": session, "pass_fds": [here]}
    how["env"] = dict(os.environ) | forked.SETTINGS | {"ONE": "1", "OTHER": "\udcff"}
    before = os.umask(0o027)
    try:
        fork, fresh = told(Forked, "a b", "é", **how), told(subprocess.Popen, "a b", "é", **how)
    finally:
        os.umask(before)
        os.close(here)
    assert fork[1:] == fresh[1:]
    assert {k: (v, fresh[0][k]) for k, v in fork[0].items() if v != fresh[0][k]} == {}
    assert fork[0]["variables"]["ONE"] == "1"
    assert fork[0]["leads"] == [session, session]
    assert fork[2] == 7


def test_what_a_fork_cannot_be_given_is_begun_as_ever() -> None:
    fork = begun(Forked)
    other = begun(Forked, env=dict(os.environ) | {"PYTHONIOENCODING": "latin-1"})
    assert (fork._told is None, other._told is None) == (False, True)  # type: ignore[attr-defined]
    assert '"latin-1"' in other.communicate("", timeout=60)[0]
    fork.communicate("", timeout=60)


def test_a_fork_is_under_the_limits_that_it_is_given() -> None:
    which, most = resource.RLIMIT_FSIZE, 15_000

    def limit() -> None:
        resource.setrlimit(which, (most, most))

    fork, _, _ = told(Forked, limits={which: most})
    fresh, _, _ = told(subprocess.Popen, preexec_fn=limit)
    assert fork["limits"] == fresh["limits"]
    assert fork["limits"][which] == [most, most]


@BOTH
def test_it_ends_by_the_signal_that_is_sent(begin: Callable[..., Any]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        process = begun(begin, "sleep")
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.readline()
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(number)
        assert process.wait(60) == -number
        assert process.poll() == -number


def test_what_the_product_starts_by_a_relay_ends_with_it_and_as_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, time\nprint(os.getpid(), sys.argv[1:], input(), flush=True)\n"
        "sys.argv[1] == 'stay' and time.sleep(600)\nsys.exit(5)\n"
    )
    for how, end in (("go", 5), ("stay", -signal.SIGTERM)):
        command = forked.relayed(str(script), how, "a b")
        relay = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=tmp_path)
        assert relay.stdin is not None and relay.stdout is not None
        relay.stdin.write("hello\n")
        relay.stdin.flush()
        pid, _, said = relay.stdout.readline().partition(" ")
        assert said == f"['{how}', 'a b'] hello\n"
        if how == "stay":
            relay.terminate()
        assert relay.stdout.read() == ""
        assert relay.wait(60) == end
        while alive(int(pid)):
            os.sched_yield()
        relay.stdin.close()
        relay.stdout.close()


@BOTH
def test_an_error_that_nothing_catches_is_a_traceback(begin: Callable[..., Any]) -> None:
    process = begun(begin, "fail")
    _, err = process.communicate("", timeout=60)
    assert process.returncode == 1
    assert err.endswith("ValueError: it broke\n")
