"""One question to arXiv's API, with every way in which the answer may go wrong.

Since November 2025 the API is arXiv/arxiv-search behind a front end: an answer may be 406 when
`Accept` is missing (and sometimes 406 with a good feed), `Rate exceeded.` with 429 or with 200,
an HTML page, an empty page of a result that is not empty. Refusals rest the whole deck; faults
of the server are tried again twice; faults of the question are not.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol

from sessions.errors import AgentdeckError, UsageError
from sessions.priming.arxiv.feed import Feed, NotAFeed, read_feed
from sessions.priming.arxiv.rate_limiter import Cooling, RateLimiter
from sessions.priming.untrusted import clean
from sessions.safety.retry_after import asked_to_wait
from sessions.tls import certificates

if TYPE_CHECKING:
    import httpx2

ACCEPT = "application/atom+xml, text/xml, */*"
MAX_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 20.0
MAX_IDS = 150
"""Longer lists of ids come back as 400 with an HTML body."""
_TRIES = 3
# A pause that a refusal names and that is worth sitting out rather than resting.
_SHORT_PAUSE_S = 10.0
_DAY_S = 86_400.0


class Unreachable(AgentdeckError):
    """arXiv can't be asked now; `draw` falls back to what is here."""


@dataclass(frozen=True, slots=True)
class ArxivQuery:
    """A question as the API takes it."""

    ids: tuple[str, ...] = ()
    search: str = ""
    start: int = 0
    max_results: int = 10
    sort: str = ""
    """`submittedDate` ascending, or nothing."""

    def text(self) -> str:
        """The query string; commas and colons stay as they are, to keep it short."""
        from urllib.parse import quote

        parts = []
        if self.search:
            parts.append("search_query=" + quote(self.search, safe=":()*.-").replace("%20", "+"))
        if self.ids:
            parts.append("id_list=" + ",".join(quote(i, safe="/.") for i in self.ids))
        parts.append(f"start={self.start}&max_results={self.max_results}")
        if self.sort:
            parts.append(f"sortBy={self.sort}&sortOrder=ascending")
        return "&".join(parts)


class Bodies(Protocol):
    """Where bodies of the same day are kept."""

    def body(self, key: str) -> bytes | None:
        """The body fetched for this key within the day, if any."""

    def keep_body(self, key: str, body: bytes) -> None:
        """Keep a body."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: float
    cut: bool = False


class ArxivClient:
    """Asks arXiv. Use as `async with`; one connection, kept for several questions."""

    def __init__(
        self,
        url: str,
        gate: RateLimiter,
        bodies: Bodies,
        *,
        unit_s: float = 3.0,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`unit_s` is what the pauses between tries are made of (arXiv's 3 s)."""
        self._url = url
        self._gate = gate
        self._bodies = bodies
        self._unit = unit_s
        self._wait = wait
        self._timeout = timeout_s
        self._max_bytes = max_bytes
        self._http: httpx2.AsyncClient | None = None
        self.requests = 0
        """Requests that went out."""

    async def __aenter__(self) -> ArxivClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def ask(self, query: ArxivQuery) -> Feed:
        """The answer, from today's cache or from arXiv.

        Raises:
            UsageError: arXiv refuses the question itself.
            Unreachable: it can't be asked now; says why and until when.
        """
        key = f"{self._url}?{query.text()}"
        kept = self._bodies.body(key)
        if kept is not None:
            try:
                return read_feed(kept)
            except NotAFeed:
                pass  # a cache that was damaged is no cache
        feed, body = await self._ask_with_retries(key, query)
        self._bodies.keep_body(key, body)
        return feed

    async def _ask_with_retries(self, url: str, query: ArxivQuery) -> tuple[Feed, bytes]:
        why = ""
        for attempt in range(_TRIES):
            if attempt:
                # 3, 6 s after a fault of the server; the gate adds its own interval.
                await self._wait(self._unit * attempt)
            try:
                answer = await self._request(url)
            except _Fault as fault:
                why = str(fault)
                continue
            feed, why = await self._judge(answer, query, last=attempt == _TRIES - 1)
            if feed is not None:
                await self._gate.welcomed()
                return feed, answer.body
        raise Unreachable(
            f"arXiv did not answer properly ({why}, {_TRIES} tries).", "Try again in some minutes."
        )

    async def _judge(
        self, answer: _Answer, query: ArxivQuery, last: bool
    ) -> tuple[Feed | None, str]:
        """The feed of an answer, or why it is worth another try.

        Raises UsageError for a refused question, Unreachable when arXiv asks to stop.
        """
        if answer.cut:
            raise Unreachable(
                f"arXiv's answer was cut off at {self._max_bytes // 2**20} MB.",
                "It can't be one of its feeds; check [priming.arxiv] url in the configuration.",
            )
        if answer.status == 429 or answer.body[:200].strip().lower().startswith(b"rate exceeded"):
            return await self._rest(answer, last, "arXiv limits its requests (Rate exceeded)")
        try:
            feed = await asyncio.to_thread(read_feed, answer.body)
        except NotAFeed as error:
            if answer.status == 400:
                raise UsageError(
                    f"arXiv refused the request (400, {error}).", "Check month and category."
                ) from error
            if answer.status == 406:
                return await self._rest(answer, last, "arXiv's front end turned us away (406)")
            if answer.status in (401, 403, 404):
                raise Unreachable(
                    f"There is no arXiv API at {self._url} (HTTP {answer.status}).",
                    "Check [priming.arxiv] url in the configuration.",
                ) from error
            return None, f"HTTP {answer.status}, {error}"
        if feed.error and answer.status < 500:
            raise UsageError(
                f"arXiv refused the request: {feed.error}.", "Check month and category."
            )
        if feed.error:
            return None, f"HTTP {answer.status}, {feed.error}"
        if answer.status >= 500:
            return None, f"HTTP {answer.status}"
        if not feed.papers and feed.total > query.start and not last:
            return None, "an empty page"
        return feed, ""

    async def _rest(self, answer: _Answer, last: bool, why: str) -> tuple[None, str]:
        """Another try after a short pause, or a rest for the whole deck.

        406 is worth two more tries; a limit is only where the server names a short pause.
        """
        if not last and answer.status == 406:
            await self._wait(self._unit * 5 / 3)
            return None, why
        if not last and 0 < answer.retry_after <= _SHORT_PAUSE_S:
            await self._wait(answer.retry_after)
            return None, why
        until = await self._gate.refused(why, answer.retry_after)
        raise resting(until, why)

    async def _request(self, url: str) -> _Answer:
        """One request. Raises _Fault (worth another try) or Unreachable."""
        import httpx2

        if self._http is None:
            self._http = httpx2.AsyncClient(
                headers={"Accept": ACCEPT, "User-Agent": user_agent()},
                limits=httpx2.Limits(max_connections=1),
                timeout=self._timeout,
                follow_redirects=True,
                max_redirects=3,
                verify=certificates.trusted(),
            )
        try:
            async with self._gate.turn(), asyncio.timeout(self._timeout):
                self.requests += 1
                async with self._http.stream("GET", url) as response:
                    return await self._read(response)
        except Cooling as pause:
            raise resting(pause.until, pause.why) from pause
        except TimeoutError as error:
            raise _Fault(f"no answer within {self._timeout:.0f} s") from error
        except (httpx2.ConnectError, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise Unreachable(
                f"Can't reach arXiv ({clean(str(error), 100)}).",
                "Check the connection, and [priming.arxiv] url in the configuration.",
            ) from error
        except httpx2.HTTPError as error:
            raise _Fault(f"{type(error).__name__}: {clean(str(error), 100)}") from error

    async def _read(self, response: httpx2.Response) -> _Answer:
        retry_after = seconds_of(response.headers)
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                return _Answer(response.status_code, b"", retry_after, cut=True)
        return _Answer(response.status_code, bytes(body), retry_after)


class _Fault(Exception):
    """A request that got no answer, and may get one at the next try."""


def resting(until: float, why: str) -> Unreachable:
    """The error that says how long arXiv asks to be left alone."""
    at = datetime.fromtimestamp(until).astimezone().strftime("%H:%M")
    return Unreachable(
        f"{why}.", f"It is left alone until {at}; until then earlier draws are used."
    )


def seconds_of(headers: Any) -> float:
    """Seconds that arXiv asks to be left alone, a day at most; 0 if it does not."""
    asked = asked_to_wait(headers) or 0.0
    return min(max(0.0, asked), _DAY_S) if math.isfinite(asked) else 0.0


def user_agent() -> str:
    """Who asks: arXiv throttles anonymous clients."""
    try:
        version = metadata.version("agentdeck-tui")
    except metadata.PackageNotFoundError:
        version = "dev"
    return f"agentdeck/{version}"
