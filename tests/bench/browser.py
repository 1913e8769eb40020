"""Keys in the browser: from a key to its echo on the page, beside the deck on a terminal.

Six tiles. The page itself takes the time, from the key's event to the frame in which the
terminal of the page has drawn the echo; the terminal's ends with the bytes that it is sent. Without
a graphics card Chromium draws by the processor, beside everything else: until when the echo has
come to the page is told too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage
from tests.bench.harness.terminal import KEYS, percentile
from tests.support.chromium import Page, chromium, program
from tests.support.served import Served, serving

SESSIONS = 6
RATE = 50.0
SIZE = (1920, 1080)
_WATCH = """
  const wanted = {key: "", at: 0, drawn: () => {}};
  addEventListener("keydown", (e) => {
    if (e.key === wanted.key) wanted.at = performance.now();
  }, true);
  const seen = (text) => {
    if (!wanted.key || !wanted.at || !text.includes(wanted.key)) return;
    wanted.key = "";
    const came = performance.now() - wanted.at;
    // After the terminal has taken it in, and drawn its next frame.
    setTimeout(() => setTimeout(() => requestAnimationFrame(
      () => wanted.drawn([came, performance.now() - wanted.at]))));
  };
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", async (m) => seen(typeof m.data === "string" ? m.data
        : new TextDecoder().decode(m.data.arrayBuffer ? await m.data.arrayBuffer() : m.data)));
    }
  };
  window.echoOf = (key) => {
    wanted.key = key;
    wanted.at = 0;
    window.echo = new Promise((drawn) => { wanted.drawn = drawn; });
  };
"""


async def _echo(page: Page, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds from each key until its echo has come to the page, and until it is drawn."""
    came: list[float] = []
    drawn: list[float] = []
    end = asyncio.get_running_loop().time() + seconds
    number = 0
    while asyncio.get_running_loop().time() < end:
        key = KEYS[number % len(KEYS)]
        if number % len(KEYS) == 0 and number:
            await page.press("u", 2)
            await asyncio.sleep(0.3)
        number += 1
        await page.run(f"echoOf({json.dumps(key)})")
        await page.type(key)
        told = await page.call(
            "Runtime.evaluate", expression="echo", awaitPromise=True, returnByValue=True
        )
        first, last = told["result"]["value"]
        came.append(float(first))
        drawn.append(float(last))
        await asyncio.sleep(0.09 + (number * 7 % 13) / 400)
    return came, drawn


def _serving() -> contextlib.AbstractContextManager[Served]:
    command = [sys.executable, "-P", "-m", "sessions.cli.main", "serve", "--port", "0"]
    return serving(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))


async def _rounds(
    stage: Stage, address: str, rounds: int, seconds: float
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    async with chromium() as browser:
        page = await browser.page(*SIZE)
        await page.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        await page.open(address)
        await page.shows("tile00", "idle")
        # Who looks on at what comes over the socket takes more of the machine than the page does.
        await page.call("Network.disable")
        for name in ("idle", "streaming"):
            if name == "streaming":
                await asyncio.to_thread(stage.stream, RATE)
            for _ in range(rounds):
                came, drawn = await _echo(page, seconds)
                echo, _ = await asyncio.to_thread(stage.typed, seconds)
                found[f"came {name} p50"].append(statistics.median(came))
                found[f"came {name} p99"].append(percentile(came, 0.99))
                found[f"{name} p50"].append(statistics.median(drawn))
                found[f"{name} p99"].append(percentile(drawn, 0.99))
                found[f"terminal {name} p50"].append(echo.p50)
                found[f"terminal {name} p99"].append(echo.p99)
    return found


def figures(quick: bool) -> Iterator[Figure]:
    """Idle and while all tiles stream."""
    if not program():
        yield Figure("key echo in the browser", [], "ms", failed="Chromium is not installed")
        return
    with Stage(SESSIONS) as stage, _serving() as served:
        stage.open(SESSIONS)
        rounds, seconds = (1, 4.0) if quick else (3, 10.0)
        found = asyncio.run(_rounds(stage, served.address, rounds, seconds))
    for name in ("idle", "streaming"):
        for which in ("p50", "p99"):
            yield Figure(
                f"echo {which} until it has come to the page, {SESSIONS} tiles, {name}",
                found[f"came {name} {which}"], "ms", None,
                "terminal", found[f"terminal {name} {which}"],
            )  # fmt: skip
            yield Figure(
                f"key echo {which} in Chromium, {SESSIONS} tiles, {name}",
                found[f"{name} {which}"], "ms", Target(40, "over"),
                "terminal", found[f"terminal {name} {which}"],
            )  # fmt: skip
