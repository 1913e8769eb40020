"""One streamed response of a server, whichever API it speaks.

The API's SDK makes the request (addresses, headers, pool, status errors); the stream itself is
read here, line by line. Measured for 24 streams at 100 events/s: an SDK's own event stream costs
144 µs of CPU an event and its helper 220, because both build a validated model of each; a line
and `json.loads` cost a fraction, and the figure for the whole engine is 120.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from sessions.backends import faults
from sessions.backends.faults import Fault, FaultError
from sessions.backends.messages_stream import Response, Sink
from sessions.backends.read_pacing import Pace
from sessions.errors import FaultKind, no_memory
from sessions.record import codec
from sessions.safety.secrets_filter import address
from sessions.tls import certificates

_MAX_LINE = 64 * 2**20
# The watchdog is moved on at most this often; pings never move it.
_WATCH_EVERY_S = 0.5
_LINGER_S = 10.0


class LineReader(Protocol):
    """Makes content, calls and counts of an API's stream."""

    ended: bool
    """The end was said; nothing more is read."""

    @property
    def whole(self) -> bool:
        """Nothing of the answer is missing, whether or not its end was said."""

    def read(self, lines: Sequence[bytes]) -> bool:
        """Lines that came together; True if there was content. Raises FaultError."""


class Wire:
    """A server and a credential. One HTTP client for all sessions that use it.

    What an API has of its own is in the subclasses: its SDK, its request, its reader.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        connect_s: float = 10.0,
        stall_s: float = 180.0,
        at_once: int = 0,
    ) -> None:
        """`at_once`: more requests than that wait here, where waiting is no stall; 0 is any."""
        self._key = api_key
        self._base_url = base_url
        self._connect_s = connect_s
        self.stall_s = stall_s
        self._client: Any = None
        self._making = asyncio.Lock()
        self._room = asyncio.Semaphore(at_once) if at_once else contextlib.nullcontext()

    # -- what each API has of its own

    def _make(self) -> Any:
        """The SDK's client; imports the SDK."""
        raise NotImplementedError

    def _sdk(self) -> Any:
        """The SDK's module, for its errors."""
        raise NotImplementedError

    def _reader(self, sink: Sink, response: Response, params: Mapping[str, Any]) -> LineReader:
        """What reads the answer to one request."""
        raise NotImplementedError

    def _request(self, client: Any, params: Mapping[str, Any]) -> Any:
        """The request for a stream, as an async context manager of its answer."""
        raise NotImplementedError

    def _listing(self, client: Any) -> Any:
        """The request for the list of models, in the same form."""
        raise NotImplementedError

    # -- what they share

    @property
    def _host(self) -> str:
        return urlsplit(self._base_url).hostname or ""

    async def client(self) -> Any:
        """The SDK's client, imported and made when first needed. Raises FaultError."""
        async with self._making:  # sessions that begin together share one
            if self._client is None:
                loop = asyncio.get_running_loop()
                try:
                    self._client = await loop.run_in_executor(None, self._make)
                except (ImportError, ValueError, OSError) as error:
                    # A proxy of the environment that can't be used, certificates that aren't there.
                    kind: FaultKind = "memory" if no_memory(error) else "setup"
                    raise FaultError(Fault(kind, str(error))) from error
        return self._client

    def _settings(self) -> dict[str, Any]:
        """How an SDK's client is made, whichever it is.

        Key and address are given, so that nothing is taken from the environment: a key of the
        user's never goes to a server that it does not belong to.
        """
        import httpx2

        where = urlsplit(self._base_url)
        trust_env = not _is_loopback(self._host)  # a proxy can't reach this machine's own
        timeout = httpx2.Timeout(None, connect=self._connect_s, pool=None)
        return {
            "api_key": self._key or "none",
            "base_url": where._replace(netloc=where.netloc.rpartition("@")[2]).geturl(),
            "max_retries": 0,
            "timeout": timeout,
            # Of aiohttp, whose parser is compiled: half the CPU of a streamed event.
            "http_client": self._sdk().DefaultAioHttpClient(
                timeout=timeout,
                # aiohttp takes no name in an address beside a header of it.
                auth=_named(where),
                # aiohttp's word for any number is 0; of None it makes 100.
                limits=httpx2.Limits(max_connections=0, max_keepalive_connections=32),
                follow_redirects=False,  # a redirect would carry the key elsewhere
                trust_env=trust_env,
                verify=certificates.trusted(trust_env=trust_env),
            ),
        }

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def stream(self, params: Mapping[str, Any], sink: Sink, response: Response) -> None:
        """Stream one response into `sink` and `response`.

        Raises FaultError; `response.shown` then says whether content had come before.
        """
        reader = self._reader(sink, response, params)
        # Made before the clock runs: importing the SDK takes a second.
        client = await self.client()
        try:
            async with self._room, asyncio.timeout(self.stall_s) as watchdog:
                await self._read(client, params, reader, watchdog)
        except TimeoutError as error:
            if not reader.whole:
                what = f"no content for {self.stall_s:.0f} s"
                raise FaultError(Fault("stalled", what)) from error
        except FaultError:
            if not reader.whole:
                raise
        if not reader.whole:
            raise FaultError(Fault("truncated", "the connection closed before the end"))

    async def _read(
        self, client: Any, params: Mapping[str, Any], reader: LineReader, watchdog: asyncio.Timeout
    ) -> None:
        import httpx2

        sdk = self._sdk()
        loop = asyncio.get_running_loop()
        moved, lingering = loop.time(), False
        watchdog.reschedule(moved + self.stall_s)
        try:
            async with self._request(client, params) as answer, _paced(answer) as pace:
                _check_type(answer.headers)
                cut = _Lines()
                async for chunk in _body_of(answer):
                    lines = cut.of(chunk)
                    if not lines:
                        continue
                    said = reader.read(lines)
                    if reader.ended:
                        return
                    if reader.whole:
                        if not lingering:  # counts may follow; they are not waited for long
                            lingering = True
                            watchdog.reschedule(loop.time() + min(_LINGER_S, self.stall_s))
                    elif said and (now := loop.time()) - moved > _WATCH_EVERY_S:
                        moved = now
                        watchdog.reschedule(now + self.stall_s)
                    pace.read(sum(map(len, lines)), text=said and not reader.whole)
        except sdk.APIStatusError as error:
            raise FaultError(await _of_status(error)) from error
        except (sdk.APIConnectionError, httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            raise FaultError(self._unreached(error)) from error
        except (UnicodeDecodeError, ValueError, httpx2.InvalidURL) as error:
            raise FaultError(Fault("protocol", str(error))) from error

    def _unreached(self, error: BaseException) -> Fault:
        """The fault behind a connection that failed, with where it was to go."""
        chain = list(_causes(error))
        refused = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain)
        why = _in_words(chain[-1])
        return Fault("tls" if refused else "network", f"{address(self._base_url)}, {why}")

    async def models(self) -> list[dict[str, Any]]:
        """The server's models, as its list has them. Raises FaultError."""
        client = await self.client()
        import httpx2

        sdk = self._sdk()
        try:
            async with asyncio.timeout(self._connect_s + 10), self._listing(client) as answer:
                data = codec.loads(await answer.read())
        except sdk.APIStatusError as error:
            raise FaultError(await _of_status(error)) from error
        except (sdk.APIError, httpx2.HTTPError, TimeoutError, OSError) as error:
            raise FaultError(self._unreached(error)) from error
        except (ValueError, RecursionError) as error:
            raise FaultError(Fault("protocol", "the list of models is no JSON")) from error
        found = data.get("data") if isinstance(data, dict) else None
        return [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []


class _Lines:
    r"""Cuts a byte stream into lines, at \n alone: other ends of lines may stand inside JSON."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def of(self, chunk: bytes) -> list[bytes]:
        """The lines that end in a chunk, those that are not empty. Raises FaultError."""
        self._rest.append(chunk)
        self._size += len(chunk)
        if b"\n" not in chunk:
            if self._size > _MAX_LINE:
                raise FaultError(Fault("protocol", "a line without end"))
            return []
        *lines, last = b"".join(self._rest).split(b"\n")
        self._rest, self._size = [last], len(last)
        return [line for given in lines if (line := given.rstrip(b"\r"))]


def _body_of(answer: Any) -> AsyncIterator[bytes]:
    """The body of an SDK's answer as it comes.

    One that is not compressed is taken where httpx2 takes it: its own ways to it and the SDK's are
    three generators more, a fiftieth of what the engine needs while many sessions stream.
    """
    if "content-encoding" in answer.headers:
        compressed: AsyncIterator[bytes] = answer.iter_bytes()
        return compressed
    return aiter(answer.http_response.stream)


@contextlib.asynccontextmanager
async def _paced(answer: Any) -> AsyncIterator[Pace]:
    """Reads an SDK's answer at the moments of read_pacing while it streams."""
    pace = Pace(pipe_of(answer.http_response))
    try:
        yield pace
    finally:
        pace.hurry()


def pipe_of(response: Any) -> asyncio.ReadTransport | None:
    """The connection that an httpx2 response comes from, which aiohttp has and nothing hands on.

    Where another version has it elsewhere, its stream is read as it comes.
    """
    stream = getattr(response, "stream", None)
    carried = getattr(getattr(stream, "_stream", stream), "_aiohttp_response", None)
    pipe = getattr(getattr(carried, "connection", None), "transport", None)
    return pipe if isinstance(pipe, asyncio.ReadTransport) else None


def _check_type(headers: Any) -> None:
    kind = str(headers.get("content-type") or "")
    if kind and "event-stream" not in kind:
        raise FaultError(Fault("protocol", f"the server sent {kind.split(';')[0]}"))


async def _of_status(error: Any) -> Fault:
    """The fault behind an SDK's error of a status."""
    headers = error.response.headers
    return faults.of_status(error.status_code, await _body(error.response), headers)


async def _body(response: Any) -> bytes:
    """What is left of an error's body; never more than is worth showing."""
    try:
        return bytes(response.content)[:20_000]
    except RuntimeError:  # the body was not read; the status says enough
        return b""


def _named(where: SplitResult) -> tuple[str, str] | None:
    """Name and password that stand in an address."""
    if where.username is None:
        return None
    return unquote(where.username), unquote(where.password or "")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _in_words(cause: BaseException) -> str:
    """Why there is no connection, without the system's numbers."""
    if isinstance(cause, socket.gaierror):
        return "its name is not known here"
    if isinstance(cause, ssl.SSLError):
        return str(cause)
    for kind, words in _NO_CONNECTION.items():
        if isinstance(cause, kind):
            return words
    if isinstance(cause, OSError) and cause.errno is not None:
        return _UNREACHABLE.get(cause.errno) or (cause.strerror or "").lower() or str(cause)
    return str(cause) or type(cause).__name__


_NO_CONNECTION: dict[type[BaseException], str] = {
    ConnectionRefusedError: "nothing listens there",
    ConnectionResetError: "it cut the connection",
    ConnectionAbortedError: "it cut the connection",
    BrokenPipeError: "it cut the connection",
    TimeoutError: "it did not answer in time",
}
_UNREACHABLE = {
    errno.ENETUNREACH: "this machine has no way to it",
    errno.EHOSTUNREACH: "this machine has no way to it",
}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, the innermost last."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
