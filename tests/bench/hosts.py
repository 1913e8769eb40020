"""Sessions on a host beside the same sessions here: when an event is at the client, what it costs.

24 sessions stream 100 words a second each, first in the engine here, then in one over there that
is this engine's host (a process of this machine, by the relay that ssh would start); then six, as
many as a screen shows: with 24, both engines on one machine wait for its processors. The time is
from an event's own date, set when it was made, to the client that shows it; the network is what
went over the relay, both ways, against the bytes of the journals.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.paths import JOURNAL, Places
from sessions.record import events as ev
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage
from tests.support.messages_server import served
from tests.support.rig import rig_places, until

SESSIONS, SCREEN, RATE = 24, 6, 100
SHOWN = 20
"""Tokens a second of each, where the interface is what is measured."""
_AGENTDECK = str(Path(sys.executable).parent / "agentdeck")
_TICKS = os.sysconf("SC_CLK_TCK")


class Measured:
    """One run: how late events were, in ms; CPU of the engine here, in µs an event; bytes."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.cpu = 0.0
        self.network = self.journal = 0

    def p99(self) -> float:
        """Of all events."""
        return sorted(self.late)[int(len(self.late) * 0.99)]


async def _reached(client: Client) -> None:
    while any(host["why"] for host in await client.call("deck.hosts", again=True)):
        await asyncio.sleep(0.05)


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS


async def _run(
    client: Client, host: str, data: Places, seconds: int, sessions: int = SESSIONS
) -> Measured:
    """Stream, and measure in the middle of it."""
    found, measuring, count = Measured(), False, 0

    def take(_: str, event: ev.Event) -> None:
        nonlocal count
        if measuring and isinstance(event, ev.Text):
            count += 1
            made = datetime.fromisoformat(event.at.replace("Z", "+00:00")).timestamp()
            found.late.append((time.time() - made) * 1000)

    client.on_event = take
    ids = []
    for _ in range(sessions):
        made = await client.call("session.create", host=host, cwd="/tmp")
        ids.append(str(made["id"]))
        await client.call("session.watch", session=ids[-1])
    for session in ids:
        words = RATE * (seconds + 15)
        await client.call("session.send", session=session, text=f"stream {words} {RATE}")
    await until(lambda: all(client.summaries[i].status == "working" for i in ids))
    await asyncio.sleep(3)
    pid = (await client.call("deck.status"))["pid"]
    before, cpu, size = await _traffic(client), _cpu(pid), _size(data, ids)
    measuring = True
    await asyncio.sleep(seconds)
    measuring = False
    found.network = await _traffic(client) - before
    found.journal = _size(data, ids) - size
    found.cpu = (_cpu(pid) - cpu) / max(1, count) * 1e6
    for session in ids:
        await client.call("session.interrupt", session=session)
        await client.call("session.set", session=session, changes={"closed": True})
        await client.call("session.unwatch", session=session)
    return found


async def _traffic(client: Client) -> int:
    return sum(host["came"] + host["sent"] for host in await client.call("deck.hosts"))


def _size(data: Places, ids: list[str]) -> int:
    return sum((data.session(i) / JOURNAL).stat().st_size for i in ids)


async def _both(seconds: int) -> tuple[Measured, ...]:
    """Here and there with many, then with a screen of them."""
    left = tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True)
    with served() as url, left as folder:
        here, there = rig_places(Path(folder) / "here"), rig_places(Path(folder) / "there")
        for places in (here, there):
            places.config_file.parent.mkdir()
            places.config_file.write_text(
                f'[defaults]\nprofile = "t"\n[backends.t]\nbase_url = "{url}"\nmodel = "m"\n'
                f'[profiles.t]\nbackend = "t"\n[limits]\nturns_at_once = {SESSIONS}\n'
            )
        with here.config_file.open("a") as more:
            command = ["env", f"AGENTDECK_HOME={folder}/there"]
            more.write(f"[hosts.far]\ncommand = {json.dumps(command)}\n")
            more.write(f"agentdeck = {json.dumps([_AGENTDECK])}\n")
        os.environ["AGENTDECK_HOME"] = str(Path(folder) / "here")
        try:
            client = await Client.connect(here)
            await client.attach()
            await _reached(client)
            local = await _run(client, "", here, seconds)
            far = await _run(client, "far", there, seconds)
            screen = await _run(client, "", here, seconds, SCREEN)
            far_screen = await _run(client, "far", there, seconds, SCREEN)
            await client.close()
        finally:
            for places in (here, there):
                with suppress(Exception):
                    await asyncio.to_thread(lifecycle.stop, places)
    return local, far, screen, far_screen


def _interface(seconds: float, *, far: bool) -> float:
    """What the deck on a terminal takes to show so many that stream."""
    with Stage(SESSIONS, far=far) as stage:
        stage.open(SESSIONS)
        stage.stream(SHOWN)
        return stage.watched(seconds).interface_per_mb


def figures(quick: bool) -> Iterator[Figure]:
    """Pairs of runs, the one beside the other."""
    pairs = [asyncio.run(_both(5 if quick else 10)) for _ in range(1 if quick else 3)]
    local, far = [p[0] for p in pairs], [p[1] for p in pairs]
    screen, far_screen = [p[2].p99() for p in pairs], [p[3].p99() for p in pairs]
    yield Figure(
        "a host's event at the client, p99, a screen of six", far_screen, "ms",
        Target(15, "over"), "a local session's", screen,
    )  # fmt: skip
    yield Figure(
        "the same, 24 sessions, both engines on this machine", [f.p99() for f in far], "ms",
        None, "a local session's", [one.p99() for one in local],
    )  # fmt: skip
    yield Figure(
        "network, of the journals' bytes", [f.network / f.journal for f in far], "×", Target(0.4)
    )  # fmt: skip
    shown = [[_interface(3.0 if quick else 10.0, far=far) for _ in pairs] for far in (True, False)]
    yield Figure(
        f"interface CPU, {SESSIONS} tiles of a host, per MB of text", shown[0], "s",
        Target(1.05, "ratio"), "of sessions here", shown[1],
    )  # fmt: skip
    yield Figure(
        "engine CPU here per event of a host", [f.cpu for f in far], "µs", Target(1, "ratio"),
        "per event of a local one", [one.cpu for one in local],
    )  # fmt: skip
