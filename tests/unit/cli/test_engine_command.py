"""`agentdeck engine`: started once, found by the next, gone without a trace, back after a kill."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat

import pytest

from sessions.engine import lifecycle
from tests.unit.cli.conftest import Home

pytestmark = pytest.mark.timeout(300)


def kill(home: Home) -> int:
    """`kill -9` the engine and wait until the kernel has let go of its lock; its pid."""
    pid = lifecycle.running_pid(home.places)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert lifecycle._lock_freed(home.places).wait(10)
    return pid


def test_status_ends_with_1_when_none_runs(bare: Home) -> None:
    done = bare.call("engine", "status")
    assert done.returncode == 1
    assert done.stderr.startswith("agentdeck: ")


def test_asking_for_the_status_starts_nothing(bare: Home) -> None:
    bare.call("engine", "status")
    assert lifecycle.running_pid(bare.places) is None


def test_status_prints_the_promised_shape(bare: Home) -> None:
    pid = bare.data("engine", "start")["pid"]
    told = bare.data("engine", "status")
    assert told.keys() >= {"pid", "socket", "version", "since", "sessions", "working", "clients"}
    assert (told["pid"], told["clients"], told["sessions"]) == (pid, 0, 0)
    assert told["socket"] == str(bare.places.socket)


def test_a_second_start_finds_the_first(bare: Home) -> None:
    assert bare.data("engine", "start") == bare.data("engine", "start")


def test_two_starts_at_once_make_one_engine(bare: Home) -> None:
    bare.fresh = True
    both = [bare.popen("engine", "start", "--json") for _ in range(2)]
    told = [process.communicate(timeout=50) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert len({json.loads(out)["pid"] for out, _ in told}) == 1


def test_stop_ends_it_and_leaves_no_socket(bare: Home) -> None:
    bare.fresh = True
    bare.out("engine", "start")
    bare.out("engine", "stop")
    assert lifecycle.running_pid(bare.places) is None
    assert not bare.places.socket.exists()


def test_stopping_what_does_not_run_ends_with_1(bare: Home) -> None:
    done = bare.call("engine", "stop")
    assert done.returncode == 1
    assert "No engine runs" in done.stderr


def test_after_a_kill_the_next_takes_over_with_all_sessions(home: Home) -> None:
    home.fresh = True
    home.out("run", "remember me")
    before = kill(home)
    home.fresh = False
    assert home.places.socket.exists(), "a killed engine leaves its socket"
    session = home.ids()[0]
    assert home.out("run", "and now", "--session", session) == "You said: and now\n"
    assert home.data("engine", "status")["pid"] != before


def test_a_socket_nobody_listens_at_fools_nobody(bare: Home) -> None:
    bare.places.run.mkdir(mode=0o700, parents=True)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(bare.places.socket))
    assert bare.call("engine", "status").returncode == 1
    bare.out("engine", "start")
    assert bare.data("engine", "status")["pid"]


def test_the_socket_and_its_folder_are_the_users_alone(bare: Home) -> None:
    bare.out("engine", "start")
    for path in (bare.places.socket, bare.places.run, bare.places.data, bare.places.state):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_an_engine_that_cannot_start_says_why(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    bare.places.config_file.write_text("[limits]\nturns_at_once = many\n")
    done = bare.call("engine", "start")
    assert done.returncode in (1, 2)
    assert "config.toml" in done.stderr
