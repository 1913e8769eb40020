"""`agentdeck term` and `agentdeck notify`: real processes, in a real terminal of a real engine."""

from __future__ import annotations

import json
import shlex
import time

from tests.unit.cli.conftest import COMMAND, Home


def test_a_program_is_started_waited_for_and_says_what_it_is(home: Home) -> None:
    notify = shlex.join([*COMMAND, "notify", "needs-you", "look", "here"])
    line = f"{notify} && while [ ! -e seen ]; do sleep 0.05; done; exit 7"
    waited = home.popen("term", "--wait", "--json", "--title", "mine", "--", "sh", "-c", line)
    rows: list[dict[str, str]] = []
    deadline = time.monotonic() + 120
    while not rows or rows[0]["status"] != "needs-you":
        assert time.monotonic() < deadline, rows
        rows = home.data("sessions", "list")
    assert rows[0]["title"] == "mine"
    (home.work / "seen").touch()
    out, err = waited.communicate(timeout=60)
    told = json.loads(out)
    assert (waited.returncode, told["terminal"]["code"], told["status"]) == (7, 7, "failed")
    assert err.strip() == told["id"]
    refused = home.call("term", "--", "no-such-program")
    assert refused.returncode != 0
    assert "There is no program no-such-program" in refused.stderr
    cast = home.out("sessions", "export", "--format", "cast", "last")
    assert json.loads(cast.splitlines()[0])["version"] == 3


def test_outside_a_terminal_nothing_is_said(bare: Home) -> None:
    bare.extra_env = {"AGENTDECK_TERMINAL": ""}
    told = json.dumps({"hook_event_name": "Stop"})
    for args in (("done",), ("--hook", told)):
        done = bare.call("notify", *args)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    bare.extra_env = {"AGENTDECK_TERMINAL": "gone"}
    assert bare.call("notify", "--hook", told).returncode == 0
    assert "No engine runs" in bare.call("notify", "done").stderr
