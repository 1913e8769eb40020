"""A run of 500 short tasks, 24 at once, beside a bare loop over the same calls.

Each answer streams for a second. The bare loop records nothing: `asyncio.gather` over the same
SDK.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sessions.api.notices import EngineNotice
from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.plans import record
from sessions.plans.model import ForEach, Head, Plan, Task
from sessions.plans.scheduling import decide
from sessions.plans.state import Run
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.terminal import rss
from tests.support.messages_server import served
from tests.support.rig import rig_places

TASKS, AT_ONCE = 500, 24
PROMPT = "stream 10 10"
_BARE = """
import asyncio, sys, time
from anthropic import AsyncAnthropic

async def main(url, tasks, at_once, prompt):
    client = AsyncAnthropic(api_key="x", base_url=url)
    places = asyncio.Semaphore(at_once)
    async def one():
        async with places:
            messages = [{"role": "user", "content": prompt}]
            async with client.messages.stream(
                model="scripted", max_tokens=1000, messages=messages
            ) as stream:
                return await stream.get_final_text()
    await one()
    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(tasks)))
    print(time.perf_counter() - began)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
"""
_CONFIG = """[defaults]
profile = "test"
[backends.test]
base_url = "{url}"
model = "scripted"
[profiles.test]
backend = "test"
"""


def figures(quick: bool) -> Iterator[Figure]:
    """Wall time, memory, taking up after a kill, and the scheduler alone."""
    tasks = 100 if quick else TASKS
    with served() as url, tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        yield from _runs(Path(name), url, tasks, 1 if quick else 3)
    yield Figure("scheduler, CPU a task", [_scheduler(TASKS) for _ in range(3)], "ms", Target(1.0))


def _runs(root: Path, url: str, tasks: int, rounds: int) -> Iterator[Figure]:
    walls, bare, grown, taken = [], [], [], []
    for number in range(rounds):
        home = root / f"h{number}"
        home.mkdir(mode=0o700)
        os.environ["AGENTDECK_HOME"] = str(home)
        config = rig_places(home).config_file
        config.write_text(_CONFIG.format(url=url))
        config.chmod(0o600)
        plan = root / "plan.toml"
        plan.write_text(
            f'[plan]\nparallel = {AT_ONCE}\n[[task]]\nname = "t"\nprompt = "{PROMPT}"\n'
            f"for_each = {{values = {list(range(tasks))}}}\n"
        )
        wall, before, after = asyncio.run(_run(home, plan))
        walls.append(wall)
        grown.append(after - before)
        taken.append(asyncio.run(_taken_up(home, plan)))
        argv = [sys.executable, "-c", _BARE, url, str(tasks), str(AT_ONCE), PROMPT]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        bare.append(float(done.stdout))
    yield Figure(f"{tasks} tasks, {AT_ONCE} at once", walls, "s", Target(1.25, "ratio"),
                 "bare gather", bare)  # fmt: skip
    yield Figure("engine's memory above idle, at the end", grown, "MB", Target(40.0))
    yield Figure("a killed engine takes the run up", taken, "s", Target(1.0))


async def _begin(plan: Path) -> tuple[Client, asyncio.Event, list[float]]:
    """A client that hears when a run rests, and when something of it first happened."""
    client = await Client.connect()
    rests, first = asyncio.Event(), list[float]()

    def notice(told: EngineNotice) -> None:
        if told.get("kind") == "plan":
            first.append(time.perf_counter())
            if told.get("idle"):
                rests.set()

    client.on_notice = notice
    return client, rests, first


async def _run(home: Path, plan: Path) -> tuple[float, float, float]:
    client, rests, _ = await _begin(plan)
    try:
        done = asyncio.Event()
        client.on_summary = lambda summary: done.set() if summary.status == "done" else None
        made = await client.call("session.create", cwd=str(plan.parent))
        await client.call("session.send", session=made["id"], text="warm up")
        await done.wait()
        pid = lifecycle.running_pid(rig_places(home)) or 0
        before = rss(pid)
        began = time.perf_counter()
        await client.call("plan.start", file=str(plan))
        await rests.wait()
        return time.perf_counter() - began, before, rss(pid)
    finally:
        await client.close()


async def _taken_up(home: Path, plan: Path) -> float:
    """From an engine that is ready to the first decision of a run that a kill cut off."""
    places = rig_places(home)
    client, _, _ = await _begin(plan)
    await client.call("plan.start", file=str(plan))
    await asyncio.sleep(3)
    pid = lifecycle.running_pid(places)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await client.close()
    await asyncio.to_thread(lifecycle.stop, places)
    empty = home.parent / "empty"
    os.environ["AGENTDECK_HOME"] = str(empty)
    began = time.perf_counter()
    await asyncio.to_thread(lifecycle.ensure_running, rig_places(empty))
    bare = time.perf_counter() - began
    await asyncio.to_thread(lifecycle.stop, rig_places(empty))
    os.environ["AGENTDECK_HOME"] = str(home)
    began = time.perf_counter()
    await asyncio.to_thread(lifecycle.ensure_running, places)
    took = time.perf_counter() - began
    await asyncio.to_thread(lifecycle.stop, places)
    return max(0.0, took - bare)


def _scheduler(tasks: int) -> float:
    """Milliseconds of CPU a task: every decision and every fold of a whole run."""
    plan = Plan(
        Head(parallel=AT_ONCE),
        (Task(name="t", prompt="x", for_each=ForEach(files="*")),),
        Path("/"),
        "",
    )
    run, seq = Run(plan), 0
    began = time.process_time()

    def add(event: record.RunEvent) -> None:
        run.apply(event)

    at = "2026-11-23T10:00:00.000Z"
    add(record.Created(at=at, id="r", parallel=AT_ONCE))
    items = [{"text": str(n), "number": n} for n in range(1, tasks + 1)]
    add(record.Expanded(at=at, task="t", items=items))
    running: list[str] = []
    while not (decision := decide(run, 2e9)).over:
        for start in decision.start:
            seq += 1
            add(record.Started(at=at, unit=start.unit, attempt=1, session=f"s{seq}"))
            running.append(start.unit)
        key = running.pop(0)
        add(record.Spent(at=at, unit=key, session=run.units[key].session, tokens=9))
        decide(run, 2e9)
        add(record.Ended(at=at, unit=key, attempt=1, state="done", answer="x"))
    return 1000 * (time.process_time() - began) / tasks
