"""`agentdeck serve` in a real Chromium, as somebody uses it who is away from the desk."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager

import pytest

from tests.e2e.conftest import House
from tests.support import served as support
from tests.support.chromium import Chromium, Page, begun, profile, program
from tests.support.forked import Forked, begin_engine
from tests.support.served import Served

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not program(), reason="Chromium is not installed"),
]
KEY = "sk-ant-api03-neverseen" + "a" * 80
PHONE = (364, 700)
READY = "without a key."
"""Of a deck without a session, once it has its engine."""


def serving(house: House, *more: str) -> AbstractContextManager[Served]:
    command = [sys.executable, "-P", "-m", "sessions.cli.main", "serve", "--port", "0", *more]
    env = {**house.env, "ANTHROPIC_API_KEY": KEY}
    if not more:
        begin_engine(env)
    process = Forked(
        command, fresh=bool(more), cwd=house.work, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    return support.serving(process)


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    """A browser for all, in which each has a profile; its address."""
    with begun() as address:
        yield address


@asynccontextmanager
async def tab(
    browser: Chromium, served: Served, size: tuple[int, int] = (960, 600)
) -> AsyncIterator[Page]:
    """A tab with a deck in it."""
    page = await browser.page(*size)
    await page.open(served.address)
    await page.shows("agentdeck")
    yield page
    await page.close()


async def test_a_day_in_two_tabs(house: House, chromium: str) -> None:
    with serving(house) as served:
        async with profile(chromium) as browser, tab(browser, served) as page:
            await _let_in(page, served)
            await _typed_and_pasted(page)
            async with tab(browser, served) as second:
                await second.shows("You said: over there")
                await _mouse_and_size(second)
            await _reloaded_in_mid_stream(page)
            await _nothing_secret(page, served, house)
        said = served.end()
    assert served.token not in said and KEY not in said


async def _let_in(page: Page, served: Served) -> None:
    """The token is in no address, script, store or page; nothing is fetched from elsewhere."""
    assert await page.run("location.href") == f"{served.base}/"
    assert await page.run("document.cookie") == ""
    assert await page.run("localStorage.length + sessionStorage.length") == 0
    assert served.token not in await page.run("document.documentElement.outerHTML")
    hosts = {re.sub(r"^\w+://([^/?]+).*", r"\1", url) for url in page.asked if "://" in url}
    assert hosts == {served.base.partition("//")[2]}


async def _typed_and_pasted(page: Page) -> None:
    """Keys and what is pasted reach the composer; lines that are pasted send nothing."""
    await page.shows(READY)
    await page.ime("over ")
    await page.type("there")
    await page.shows("over there")
    await page.press("Enter")
    await page.shows("You said: over there", "1 idle")
    await page.paste("first line\nsecond line\x1b[31m")
    await page.shows("first line", "second line")
    assert "You said: over there" in await page.drawn()  # and not only what it was sent
    await page.press("Enter")
    await page.shows("You said: first line", "1 idle")


async def _mouse_and_size(page: Page) -> None:
    """A click does what stands there; the deck has the size of the window."""
    await page.click("f1")
    await page.shows("Keys and actions")
    await page.press("Escape")
    await page.resize(1400, 900)
    await page.until(lambda: page.terminal.columns > 130)
    await page.shows("You said: over there")


async def _reloaded_in_mid_stream(page: Page) -> None:
    """What streams goes on in the page that was fetched again."""
    await page.type("stream 120 40")
    await page.press("Enter")
    await page.shows("word5 ")
    await page.reload()
    await page.shows("word119")


async def _nothing_secret(page: Page, served: Served, house: House) -> None:
    seen = "".join([*page.frames, *page.said, *page.asked[1:]])
    assert KEY not in seen
    assert served.token not in "".join([*page.frames, *page.said])
    logs = "".join(file.read_text() for file in house.root.rglob("*.log"))
    assert served.token not in logs and KEY not in logs
    assert not [w for w in page.said if w.startswith("fault") or "Security Policy" in w]


async def test_from_a_phone_a_question_is_answered_after_the_browser_has_gone(
    house: House, chromium: str
) -> None:
    with serving(house) as served:
        async with profile(chromium) as browser:
            async with tab(browser, served, PHONE) as page:
                await page.shows("✓ test", "enter starts it")
                await page.type('tool Bash {"command":"echo it-ran"}')
                await page.press("Enter")
                await page.shows("1 needs-you", "echo it-ran")
            # Its tab is closed, and the question waits for the next.
            async with tab(browser, served, PHONE) as page:
                await page.shows("1 needs-you", "echo it-ran")
                await page.press("j", 2)
                await _insisted(page, "o", "The tool said: it-ran")
                await page.press("n", 2)
                await page.shows("New session")
                await page.press("Enter")
                await page.shows(" 2 ")
                await page.type("hello from here")
                await page.press("Enter")
                await page.shows("You said: hello")


async def _insisted(page: Page, key: str, words: str) -> None:
    """Press a key until it is taken: a request that has just come takes none for a moment."""
    while not any(words in line for line in page.terminal.display):
        await page.type(key)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await page.shows(words)


async def test_a_wrong_token_a_deck_that_only_reads_and_one_that_can_not_open(
    house: House, chromium: str
) -> None:
    with serving(house, "--read-only") as served:
        async with profile(chromium) as browser:
            page = await browser.page()
            await page.open(f"{served.base}/?token=wrong")
            await page.reads("has not been let in")
            assert await page.run("document.querySelector('.xterm') === null")
            async with tab(browser, served) as reading:
                await reading.shows("reads only")
                await reading.type("never sent")
                await reading.press("Enter")
                await reading.shows("This deck only reads.")
            house.places.config_file.write_text("[nonsense]\n")
            await page.open(served.address)
            await page.reads("nonsense: unknown key")
    assert not list(house.places.sessions.glob("*/journal.jsonl"))
