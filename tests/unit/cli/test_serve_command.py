"""`agentdeck serve`: who gets a deck in a browser, and that it is the deck."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from subprocess import Popen

import aiohttp
import pytest

from sessions.engine import read_only_client
from sessions.engine.protocol import declared
from tests.support import screens
from tests.support.served import Served, serving
from tests.unit.cli.conftest import Home
from tui.web.access import Access

LONG_S = 50.0


def _serve(home: Home, *more: str) -> Popen[str]:
    return home.popen("serve", "--port", "0", *more)


@pytest.fixture
def served(home: Home) -> Iterator[Served]:
    with serving(_serve(home)) as started:
        yield started


@asynccontextmanager
async def browser(served: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that has opened the address."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an IP address
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(served.address) as page:
            assert page.status == 200
            assert "token" not in str(page.url)
            text = await page.text()
        assert served.token not in text
        assert f'"{served.base.replace("http", "ws")}/ws"' in text
        yield session


class Tab:
    """A connection as the page makes it, and the terminal that the page is."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self._screen = screens.Screen(100, 30)
        self._stream = screens.ByteStream(self._screen)

    async def until(self, words: str) -> None:
        """Read until these words are on the screen."""
        try:
            async with asyncio.timeout(LONG_S):
                while words not in self._shown():
                    message = await self.ws.receive()
                    if message.type == aiohttp.WSMsgType.BINARY:
                        self._stream.feed(message.data)
                    elif message.type != aiohttp.WSMsgType.TEXT:
                        break
        except TimeoutError:
            pass
        assert words in self._shown(), self._shown()

    def _shown(self) -> str:
        return "\n".join(self._screen.display)

    async def type(self, keys: str) -> None:
        await self.ws.send_str(json.dumps(["stdin", keys]))


@asynccontextmanager
async def opened(session: aiohttp.ClientSession, served: Served) -> AsyncIterator[Tab]:
    where = f"{served.base}/ws?width=100&height=30"
    async with session.ws_connect(where, headers={"Origin": served.base}) as ws:
        yield Tab(ws)


@pytest.mark.timeout(300)
async def test_a_tab_is_a_deck_and_what_is_typed_there_is_answered(
    home: Home, served: Served
) -> None:
    async with browser(served) as session:
        async with opened(session, served) as tab, opened(session, served) as second:
            await tab.until("without a key.")
            await second.until("without a key.")
            await tab.ws.send_str('["resize", {"width": "wide"}]')
            await tab.ws.send_str("no json")
            await tab.type("Once upon a time\r")
            # It is seen there once it is on record; the new session is idle before that, too.
            await second.until("Once upon a time")
            await tab.until("1 idle")
            await second.until("1 idle")
        async with opened(session, served) as again:  # reload: the session went on
            await again.until("Once upon a time")
            await again.type("\x11")  # ctrl+q
            async with asyncio.timeout(LONG_S):
                while not again.ws.closed:
                    await again.ws.receive()
    said = served.end()
    assert served.token not in said
    assert served.token not in "".join(p.read_text() for p in home.home.rglob("*.log"))


@pytest.mark.timeout(300)
async def test_a_deck_that_only_reads_sends_nothing(home: Home) -> None:
    with serving(_serve(home, "--read-only")) as served:
        async with browser(served) as session, opened(session, served) as tab:
            await tab.until("without a key.")
            await tab.until("reads only")
            await tab.type("never to be sent\r")
            await tab.until("This deck only reads.")
        served.end()
    assert home.ids() == []


def _status(url: str, **headers: str) -> int:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=LONG_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


async def test_nobody_comes_in_without_the_token_or_from_another_page(served: Served) -> None:
    for path in ("/", "/?token=wrong", "/?token=%ff%00", "/ws", "/static/js/textual.js", "/page/"):
        assert await asyncio.to_thread(_status, served.base + path) == 403
    assert await asyncio.to_thread(_status, served.address, Host="evil.example:80") == 421
    async with browser(served) as session:
        for origin in ({}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{served.base}/ws", headers=origin)
            assert refused.value.status == 403
        async with session.get(f"{served.base}/static/js/textual.js") as script:
            assert script.status == 200
        async with session.get(f"{served.base}/") as page:
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            text = await page.text()
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)


def test_a_port_that_is_taken_is_said_to_be(bare: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bare.call("serve", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken." in done.stderr
    assert "--port" in done.stderr


def test_without_the_extra_it_says_what_to_install(bare: Home) -> None:
    hidden = bare.work / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda n, p=None: None if n == 'textual_serve' else find(n, p)\n"
    )
    bare.extra_env = {"PYTHONPATH": f"{hidden}:{':'.join(p for p in sys.path if p)}"}
    done = bare.call("serve", "--port", "0")
    assert done.returncode == 2
    assert "agentdeck-tui[web]" in done.stderr


@pytest.mark.parametrize(
    "url", ["deck.example", "ftp://a", "https://a/b", "https://u@a", "http://["]
)
def test_a_public_address_that_is_none_is_refused(bare: Home, url: str) -> None:
    assert bare.call("serve", "--public-url", url).returncode == 2


def test_behind_a_proxy_its_name_and_origin_are_taken() -> None:
    access = Access(8642, "https://deck.example")
    assert access.address(8642).startswith("https://deck.example/?token=")
    assert access.knows("deck.example") and access.secure("deck.example")
    assert access.knows("localhost:99") and not access.secure("localhost:99")
    assert access.knows("[::1]:8642") and not access.knows("127.0.0.1.evil.example")
    assert access.same_page("127.0.0.1:8642", "https://deck.example")
    assert not access.same_page("127.0.0.1:8642", "https://evil.example")
    assert not Access(1).same_page("127.0.0.1:1", "://")


def test_reading_commands_are_commands() -> None:
    takes = {c.name: {a.name for a in c.takes} for c in declared()}
    assert set(takes) >= read_only_client.READS
    assert all(takes[name] >= set(args) for name, args in read_only_client.CHANGES.items())
