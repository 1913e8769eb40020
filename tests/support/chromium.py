"""A real Chromium without a window, driven by the DevTools protocol over its own WebSocket.

Whatever Chromium is installed serves (`AGENTDECK_CHROMIUM` names another); nothing is downloaded.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support import screens

JSON = dict[str, Any]
LONG_S = 60.0
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--mute-audio", "--no-proxy-server",
    # The list below its field of addresses is a page of its own, which nobody here sees; and for a
    # page that may come next it keeps a process.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess",
    "--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank",
)  # fmt: skip
# The text that the page's terminal holds: it is marked from corner to corner, and copied.
_COPY = """(() => {
  const copied = new ClipboardEvent("copy", {
    clipboardData: new DataTransfer(), bubbles: true, cancelable: true,
  });
  document.querySelector(".xterm").dispatchEvent(copied);
  return copied.clipboardData.getData("text/plain");
})()"""
_TO_CLIPBOARD = """(() => {
  const field = document.body.appendChild(document.createElement("textarea"));
  field.value = %s;
  field.select();
  document.execCommand("copy");
  field.remove();
  document.querySelector(".xterm-helper-textarea").focus();
})()"""
_KEYS: dict[str, tuple[str, int, str]] = {
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "F1": ("F1", 112, ""),
    "F8": ("F8", 119, ""),
}


def program() -> str:
    """Where Chromium is, "" if it is not installed."""
    given = os.environ.get("AGENTDECK_CHROMIUM")
    return given or next(filter(None, map(shutil.which, _NAMES)), "")


class Chromium:
    """A profile in a browser, and the way to it."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.context = ""
        self._ws = ws
        self._number = 0
        self._answers: dict[int, asyncio.Future[JSON]] = {}
        self._pages: dict[str, Page] = {}
        self._reading = asyncio.create_task(self._read())

    async def call(self, method: str, session: str = "", **params: Any) -> JSON:
        """One command of the protocol."""
        self._number += 1
        asked: JSON = {"id": self._number, "method": method, "params": params}
        if session:
            asked["sessionId"] = session
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._ws.send_json(asked)
        async with asyncio.timeout(LONG_S):
            told = await answer
        assert "error" not in told, (method, told)
        result: JSON = told["result"]
        return result

    async def _read(self) -> None:
        async for message in self._ws:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif (page := self._pages.get(told.get("sessionId", ""))) is not None:
                page.take(told["method"], told["params"])

    async def page(self, width: int = 960, height: int = 600) -> Page:
        """An empty tab."""
        made = await self.call(
            "Target.createTarget", url="about:blank", browserContextId=self.context
        )
        target = made["targetId"]
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        page = self._pages[attached["sessionId"]] = Page(self, attached["sessionId"], target)
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        await page.resize(width, height)
        return page


class Page:
    """A tab: what it was sent, said and asked for, and the terminal in it."""

    def __init__(self, browser: Chromium, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target
        self.said: list[str] = []
        """What its scripts wrote to the console, faults of theirs included."""
        self.asked: list[str] = []
        """Every address that was asked for."""
        self.frames: list[str] = []
        """What came over WebSockets, as text."""
        self.terminal = screens.Screen(80, 24)
        self._stream = screens.ByteStream(self.terminal)
        self._came = asyncio.Event()

    async def call(self, method: str, **params: Any) -> JSON:
        """One command of the protocol for this tab."""
        return await self._browser.call(method, self._session, **params)

    def take(self, method: str, params: JSON) -> None:
        """Something happened in the tab."""
        if method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.asked.append(params["url"])
            self._fresh(params["url"])
        elif method == "Network.webSocketFrameReceived":
            self._frame(params["response"])
        elif method == "Network.webSocketFrameSent":
            self._sized(params["response"]["payloadData"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append(" ".join(str(a.get("value", "")) for a in params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.said.append(f"fault: {params['exceptionDetails']}")
        elif method == "Log.entryAdded":
            self.said.append(f"{params['entry']['level']}: {params['entry']['text']}")
        self._came.set()

    def _fresh(self, url: str) -> None:
        """Another connection: an empty terminal, as in the page."""
        asked = dict(part.split("=") for part in url.partition("?")[2].split("&") if "=" in part)
        columns, rows = int(asked.get("width", 80)), int(asked.get("height", 24))
        self.terminal = screens.Screen(columns, rows)
        self._stream = screens.ByteStream(self.terminal)

    def _frame(self, response: JSON) -> None:
        if response["opcode"] == 2:
            data = base64.b64decode(response["payloadData"])
            self._stream.feed(data)
            self.frames.append(data.decode("utf-8", "replace"))
        else:
            self.frames.append(response["payloadData"])

    def _sized(self, sent: str) -> None:
        match json.loads(sent):
            case ["resize", {"width": int(width), "height": int(height)}]:
                self.terminal.resize(height, width)

    # -- what a person does

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.call("Page.navigate", url=url)

    async def reload(self) -> None:
        """Fetch the page again."""
        await self.call("Page.reload")

    async def resize(self, width: int, height: int) -> None:
        """A window of so many pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    async def type(self, text: str) -> None:
        """Press the keys of a text one by one."""
        for char in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", key=char, text=char)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=char)

    async def press(self, key: str, modifiers: int = 0, *commands: str) -> None:
        """Press a key by its name; modifiers: 1 alt, 2 ctrl, 8 shift.

        `commands`: what the key means to the browser, where the page leaves it to that.
        """
        name, code, text = _KEYS.get(key, (key, ord(key.upper()[0]), ""))
        event = {"key": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        await self.call(
            "Input.dispatchKeyEvent", type="keyDown", text=text, commands=list(commands), **event
        )
        await self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    async def paste(self, text: str) -> None:
        """Have it in the clipboard, and press ctrl+v."""
        copy = _TO_CLIPBOARD % json.dumps(text)
        await self.call("Runtime.evaluate", expression=copy, userGesture=True)
        await self.press("v", 2, "paste")

    async def ime(self, text: str) -> None:
        """What a phone's keyboard or an input method gives: words without keys."""
        await self.call("Input.insertText", text=text)

    async def click(self, words: str) -> None:
        """Click on words of the terminal."""
        await self.shows(words)
        row, line = next((n, s) for n, s in enumerate(self.terminal.display) if words in s)
        x, y = await self._at(line.index(words) + 0.5, row + 0.5)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self._mouse(kind, x, y)

    async def _mouse(self, kind: str, x: float, y: float, modifiers: int = 0) -> None:
        await self.call(
            "Input.dispatchMouseEvent",
            type=kind, x=x, y=y, button="left", clickCount=1, modifiers=modifiers,
        )  # fmt: skip

    async def _at(self, column: float, row: float) -> tuple[float, float]:
        box = await self.run(
            "(b => [b.x, b.y, b.width, b.height])"
            "(document.querySelector('.xterm-screen').getBoundingClientRect())"
        )
        across, down = box[2] / self.terminal.columns, box[3] / self.terminal.lines
        return box[0] + column * across, box[1] + row * down

    async def close(self) -> None:
        """Close the tab."""
        await self._browser.call("Target.closeTarget", targetId=self._target)

    # -- what there is to see

    async def run(self, script: str) -> Any:
        """What a script gives in the page."""
        told = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def drawn(self) -> str:
        """What the page's own terminal holds: all of it marked and copied, as by a person."""
        corners = (0.1, 0.5), (self.terminal.columns - 0.1, self.terminal.lines - 0.5)
        first, last = await self._at(*corners[0]), await self._at(*corners[1])
        await self._mouse("mousePressed", *first, modifiers=8)
        await self._mouse("mouseMoved", *last, modifiers=8)
        await self._mouse("mouseReleased", *last, modifiers=8)
        return str(await self.run(_COPY))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that what comes may change."""
        try:
            async with asyncio.timeout(LONG_S):
                while not condition():
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError("\n".join([*self.terminal.display, *self.said])) from None

    async def shows(self, *words: str) -> None:
        """Wait until all of these are on the terminal."""
        await self.until(lambda: all(any(w in s for s in self.terminal.display) for w in words))

    async def reads(self, words: str) -> None:
        """Wait until these are on the page, outside any terminal."""
        async with asyncio.timeout(LONG_S):
            while words not in str(await self.run("document.body?.innerText")):
                await asyncio.sleep(0.02)


@contextmanager
def begun() -> Iterator[str]:
    """A browser, by the address at which it is driven; ended with all that it has started."""
    folder = Path(tempfile.mkdtemp(prefix="chromium-"))
    process = subprocess.Popen(
        [program(), f"--user-data-dir={folder}", *_FLAGS],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)}, start_new_session=True,
    )  # fmt: skip
    try:
        port, path = _told(folder / "DevToolsActivePort")
        yield f"ws://127.0.0.1:{port}{path}"
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def profile(address: str) -> AsyncIterator[Chromium]:
    """A profile of its own in that browser: it knows nothing of others, and goes with its tabs."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(address, max_msg_size=0) as ws,
    ):
        browser = Chromium(ws)
        made = await browser.call("Target.createBrowserContext", disposeOnDetach=True)
        browser.context = made["browserContextId"]
        yield browser


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """A browser of one's own."""
    with begun() as address:
        async with profile(address) as browser:
            yield browser


def _told(file: Path) -> tuple[str, str]:
    """Port and path, which Chromium writes once it listens."""
    until = time.monotonic() + LONG_S
    while time.monotonic() < until:
        lines = file.read_text().split() if file.exists() else []
        if len(lines) == 2:
            return lines[0], lines[1]
        time.sleep(0.02)
    raise AssertionError("Chromium has not begun")
