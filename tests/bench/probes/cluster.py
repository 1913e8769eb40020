"""The cluster's figures, in the environment that has Ray: `python -m tests.bench.probes.cluster`.

Prints one JSON object: seconds of the tasks as a plan and as bare actors, and of taking up;
`--only` one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from sessions.ids import new_id
from sessions.remote.cluster.node_resources import Needs
from sessions.remote.cluster.site import RaySite
from tests.support.messages_server import served
from tests.support.raycluster import RayCluster
from tests.support.rig import rig_places, until

_CONFIG = """
[defaults]
profile = "fake"
[backends.fake]
type = "openai"
base_url = "{url}/v1"
api_key_env = "FAKE_KEY"
model = "m"
[profiles.fake]
backend = "fake"
[cluster]
address = "{address}"
"""
_CPUS = 0.25
_LONG_S = 1800.0


async def _deck(root: Path, url: str, cluster: RayCluster) -> WholeDeck:
    places = rig_places(root)
    places.config_file.parent.mkdir(parents=True, exist_ok=True)
    places.config_file.write_text(_CONFIG.format(url=url, address=cluster.address))
    deck = WholeDeck(places, config.load(places.config_file))
    await deck.open()
    return deck


async def _plan(
    deck: WholeDeck, folder: Path, tasks: int, at_once: int, words: int, rate: float
) -> float:
    """Seconds from the plan's start to its end."""
    folder.mkdir()
    values = ", ".join(f'"{n}"' for n in range(tasks))
    (folder / "plan.toml").write_text(
        f'[plan]\nwhere = "ray"\nkeys = ["FAKE_KEY"]\nparallel = {at_once}\n[[task]]\nname = "w"\n'
        f'for_each = {{values = [{values}]}}\nprompt = "stream {words} {rate}"\n'
        f"resources = {{cpus = {_CPUS}}}\n"
    )
    await deck.features.cluster.site.reached()
    began = time.perf_counter()
    runner = await deck.plans.begin(folder / "plan.toml")
    await until(lambda: bool(runner.run.over), _LONG_S)
    took = time.perf_counter() - began
    if runner.run.over != "done":
        raise RuntimeError([u.why for u in runner.run.units.values()])
    return took


def _bare(cluster: RayCluster, tasks: int, at_once: int, words: int, rate: float) -> float:
    """The same as actors of Ray alone, that sleep and send as much, in a process of its own."""
    script = f"""
import asyncio, time, ray
ray.init(address={cluster.address!r}, log_to_driver=False, logging_level="error")
class A:
    async def work(self):
        for n in range({words}):
            await asyncio.sleep(1 / {rate})
            yield "word%d " % n
A = ray.remote(max_restarts=0, max_task_retries=0, num_cpus={_CPUS})(A)
async def one(places):
    async with places:
        actor = A.options(lifetime="detached", name="bare-%d" % id(object())).remote()
        async for said in actor.work.options(num_returns="streaming").remote():
            await said
        ray.kill(actor)
async def main():
    places = asyncio.Semaphore({at_once})
    began = time.perf_counter()
    await asyncio.gather(*(one(places) for _ in range({tasks})))
    print(time.perf_counter() - began)
asyncio.run(main())
"""
    script = script.replace('"bare-%d" % id(object())', "__import__('uuid').uuid4().hex")
    env = {**os.environ, **cluster.env}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(done.stdout.split()[-1])


async def _taken_up(root: Path, url: str, cluster: RayCluster, count: int) -> dict[str, float]:
    """Seconds until all is here after a new engine's start, and of those to be connected.

    `taken`: where the engine alone died; `taken_cold`: where what speaks with Ray did too.
    """
    deck = await _deck(root, url, cluster)
    site = deck.features.cluster.site
    places = asyncio.Semaphore(8)

    async def begun() -> None:
        session = new_id()
        async with places:
            await site.begin(session, Needs({"cpus": 0.05}), {"FAKE_KEY": "k"})
        await deck.elsewhere.ask("ray", "work.begin", {"id": session, "title": "t"})
        ray = deck.elsewhere.on("ray")
        await ray.call("session.send", session=session, text="stream 100000 5")

    await asyncio.gather(*(begun() for _ in range(count)))
    found: dict[str, float] = {}
    for name in ("taken", "taken_cold"):
        driver = await site.driver()
        if name == "taken_cold":
            os.kill(driver.pid, signal.SIGKILL)
        await deck.close()
        began = time.perf_counter()
        deck = await _deck(root, url, cluster)
        site = deck.features.cluster.site
        await site.driver()
        connected = time.perf_counter() - began
        await until(_all_heard(site), _LONG_S)
        found |= {name: time.perf_counter() - began, f"{name}_connected": connected}
        assert len(site._actors) == count
    await asyncio.gather(*(site.end(b.session) for b in site.ledger.all()))
    await deck.close()
    return found


def _all_heard(site: RaySite) -> Callable[[], bool]:
    return lambda: all(actor.heard.is_set() for actor in site._actors.values())


async def _measured(quick: bool, only: str) -> dict[str, Any]:
    root = Path(tempfile.mkdtemp(prefix="bench-cluster-"))
    cluster = RayCluster.start(root, cpus=32)
    os.environ.update(cluster.env)
    os.environ["FAKE_KEY"] = "k"
    tasks, at_once, words, rate = (40, 10, 80, 4.0) if quick else (200, 40, 120, 4.0)
    found: dict[str, Any] = {
        "tasks": tasks, "at_once": at_once, "seconds": words / rate, "actors": 10 if quick else 50,
    }  # fmt: skip
    try:
        with served() as url:
            if only in ("", "bare"):
                found["bare"] = await asyncio.to_thread(_bare, cluster, tasks, at_once, words, rate)
            if only in ("", "plan"):
                deck = await _deck(root / "deck", url, cluster)
                found["plan"] = await _plan(deck, root / "work", tasks, at_once, words, rate)
                await deck.close()
            if only in ("", "taken"):
                found |= await _taken_up(root / "second", url, cluster, found["actors"])
    finally:
        await asyncio.to_thread(cluster.close)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=("", "bare", "plan", "taken"), default="")
    asked = parser.parse_args()
    # Who stops it stops its cluster too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    print(json.dumps(asyncio.run(_measured(asked.quick, asked.only))))
