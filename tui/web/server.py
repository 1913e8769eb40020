"""`agentdeck serve`: textual-serve's page and terminal, behind our own door.

Of textual-serve come the terminal in the page and the pipe to a deck (`AppService`). Its server
is not used: it asks for no token, takes any origin, logs addresses and, in tracebacks, local
variables, and its page fetches a font from elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import textual_serve
from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from sessions import child_process
from sessions.safety.sanitise import clean
from tui.web.access import Access

log = logging.getLogger("agentdeck.serve")

MAX_TABS = 12
"""Decks at once: each is a process."""
_MAX_MESSAGE = 4 * 2**20
_LEAVES_S = 5.0
_MOST_SAID = 4000
_PAGE = Path(__file__).parent / "page"
_STATIC = Path(textual_serve.__file__).parent / "static"
_DRIVER = "tui.web.driver:TabDriver"
_DECK = (sys.executable, "-P", "-m", "sessions.cli.main")
_SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self';"
    " img-src 'self' data:; connect-src 'self' {ws}; frame-ancestors 'none'; base-uri 'none'"
)
_STRANGER = (
    "This is agentdeck, and this browser has not been let in.\n"
    "Open the address that `agentdeck serve` has printed; it changes with every start.\n"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Tab(AppService):
    """A deck behind a tab: a process that ends with it."""

    def __init__(
        self, read_only: bool, socket: web.WebSocketResponse, ended: Callable[[str], None]
    ) -> None:
        async def close() -> None:
            await socket.close()

        super().__init__(
            "agentdeck",
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=DownloadManager(),
        )
        self._argv: tuple[str, ...] = (*_DECK, "--read-only") if read_only else _DECK
        self._ended = ended
        self._child: child_process.ChildProcess | None = None
        self._drawn = False
        self._said = b""

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        own: dict[str, str] = super()._build_environment(width, height)
        return {**own, "TEXTUAL_DRIVER": _DRIVER}

    async def _open_app_process(
        self, width: int = 80, height: int = 24
    ) -> child_process.ChildProcess:
        env = self._build_environment(width, height)
        process = await child_process.start(
            *self._argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env
        )
        self._process = self._child = process
        self._stdin = process.stdin
        process.stderr = _Heard(process.stderr, self._hear)  # type: ignore[assignment]
        return process

    def _hear(self, data: bytes) -> None:
        self._said = (self._said + data)[-_MOST_SAID:]

    async def on_data(self, payload: bytes) -> None:
        """Pass on what is drawn."""
        self._drawn = True
        await super().on_data(payload)

    @property
    def why(self) -> str:
        """Of a deck that ended before it drew anything what it said, else ""."""
        return "" if self._drawn else clean(self._said.decode("utf-8", "replace")).strip()

    async def run(self) -> None:
        """Pass on what the deck draws until it ends; then the tab is told."""
        try:
            await super().run()
        finally:
            self._ended(self.why)
            await self.remote_close()

    async def stop(self) -> None:
        """Ask the deck to leave; one that does not is ended. Its sessions go on."""
        if (process := self._child) is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(super().stop(), _LEAVES_S)
        self.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _LEAVES_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        process.let_go()


class _Heard:
    """What a deck says where it can't draw, read by textual-serve and kept."""

    def __init__(self, stream: Any, hear: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._hear = hear

    async def read(self, size: int) -> bytes:
        """As of the stream."""
        data: bytes = await self._stream.read(size)
        self._hear(data)
        return data


class WebServer:
    """The page, what it needs, and a deck for every connection."""

    def __init__(self, access: Access, read_only: bool) -> None:
        self.access = access
        self.read_only = read_only
        self._tabs: set[web.WebSocketResponse] = set()
        self._why = ""
        """Why the last deck did not open."""

    def app(self) -> web.Application:
        """All of it for aiohttp."""
        app = web.Application(middlewares=[self._door])
        app.router.add_get("/", self._index)
        app.router.add_get("/ws", self._deck)
        app.router.add_get("/why", self._told_why)
        app.router.add_static("/static", _STATIC)
        app.router.add_static("/page", _PAGE)
        app.on_shutdown.append(self._hang_up)
        return app

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = self._refused(request) or await handler(request)
        except web.HTTPException as error:
            answer = web.Response(status=error.status, text=f"{error.status}: {error.reason}\n")
        if not answer.prepared:
            answer.headers.update(_SAFE)
            policy = _POLICY.format(ws=self._socket_address(request))
            answer.headers["Content-Security-Policy"] = policy
        return answer

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self.access.knows(request.host):
            return web.Response(status=421, text="agentdeck does not answer to this name.\n")
        token = request.query.get("token")
        if token is not None and request.path == "/" and self.access.opens(token):
            return self._let_in(request)
        if not self.access.admits(request.cookies):
            return web.Response(status=403, text=_STRANGER)
        if token is not None:  # an old one, in a browser that has been let in: out of the bar
            return web.Response(status=303, headers={"Location": "/"})
        return None

    def _let_in(self, request: web.Request) -> web.Response:
        answer = web.Response(status=303, headers={"Location": "/"})
        answer.set_cookie(
            self.access.cookie,
            self.access.secret,
            httponly=True,
            samesite="Lax",
            secure=self.access.secure(request.host),
        )
        return answer

    def _socket_address(self, request: web.Request) -> str:
        if not self.access.knows(request.host):
            return ""
        scheme = "wss" if self.access.secure(request.host) else "ws"
        return f"{scheme}://{request.host}/ws"

    async def _index(self, request: web.Request) -> web.Response:
        size = _number(request.query.get("fontsize"), 16, 6, 40)
        page = (_PAGE / "index.html").read_text(encoding="utf-8")
        page = page.replace("@WS@", self._socket_address(request)).replace("@SIZE@", str(size))
        return web.Response(text=page, content_type="text/html")

    async def _told_why(self, request: web.Request) -> web.Response:
        return web.Response(text=self._why)

    async def _deck(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        if not self.access.same_page(request.host, origin):
            return web.Response(status=403, text="agentdeck takes this from its own page alone.\n")
        if len(self._tabs) >= MAX_TABS:
            return web.Response(status=503, text="Too many decks are open.\n")
        tab = web.WebSocketResponse(
            heartbeat=15,
            max_msg_size=_MAX_MESSAGE,
            # On this machine, or through ssh, it would only take time.
            compress=self.access.secure(request.host),
        )
        self._tabs.add(tab)
        try:
            await tab.prepare(request)
            await self._serve(tab, request)
        finally:
            self._tabs.discard(tab)
        return tab

    async def _serve(self, tab: web.WebSocketResponse, request: web.Request) -> None:
        deck = Tab(self.read_only, tab, self._ended)
        try:
            width = _number(request.query.get("width"), 80, 10, 1000)
            await deck.start(width, _number(request.query.get("height"), 24, 4, 500))
            async for message in tab:
                if message.type == WSMsgType.TEXT:
                    await _passed_on(message.data, deck, tab)
        except ConnectionError:
            pass  # the browser is gone
        finally:
            await deck.stop()

    def _ended(self, why: str) -> None:
        self._why = why

    async def _hang_up(self, _: web.Application) -> None:
        for tab in list(self._tabs):
            await tab.close()


async def _passed_on(text: str, deck: Tab, tab: web.WebSocketResponse) -> None:
    """One message of the page; what is none is passed over."""
    try:
        match json.loads(text):
            case ["stdin", str(data)]:
                await deck.send_bytes(data.encode("utf-8", "replace"))
            case ["resize", {"width": int(width), "height": int(height)}]:
                await deck.set_terminal_size(
                    _number(width, 80, 10, 1000), _number(height, 24, 4, 500)
                )
            case ["ping", str(data)]:
                await tab.send_json(["pong", data[:100]])
            case ["focus"]:
                await deck.focus()
            case ["blur"]:
                await deck.blur()
    except (ValueError, RecursionError):
        log.debug("a message of the page that is none")


def _number(value: Any, default: int, least: int, most: int) -> int:
    try:
        return min(max(int(value), least), most)
    except (TypeError, ValueError):
        return default


async def serve(listening: socket.socket, access: Access, read_only: bool) -> None:
    """Serve until this process is asked to end (SIGINT, SIGTERM); the sessions go on."""
    # No access log: addresses have the token in them.
    runner = web.AppRunner(WebServer(access, read_only).app(), access_log=None, shutdown_timeout=10)
    await runner.setup()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    try:
        await web.SockSite(runner, listening).start()
        await asked.wait()
    finally:
        await runner.cleanup()
