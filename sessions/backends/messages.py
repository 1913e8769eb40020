"""One streamed response of a Messages API server.

The SDK makes the request (addresses, headers, pool, status errors); the stream itself is read
here, line by line. Measured for 24 streams at 100 events/s: the SDK's own event stream costs
144 µs of CPU an event and its helper 220, because both build a validated model of each; a line
and `json.loads` cost a fraction, and the figure for the whole engine is 120. The protocol:
docs.claude.com/en/api/messages-streaming.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from sessions import codec
from sessions.backends import faults
from sessions.backends.faults import Fault, FaultError
from sessions.outside import count
from sessions.secrecy import address

OFFICIAL_HOST = "api.anthropic.com"
_MAX_LINE = 64 * 2**20
_USAGE = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation_input_tokens": "cache_write",
}
# The watchdog is moved on at most this often; pings never move it.
_WATCH_EVERY_S = 0.5


class Sink(Protocol):
    """Where a response's content goes as it comes."""

    def on_text(self, text: str) -> None:
        """A chunk of text."""

    def on_thinking(self, text: str) -> None:
        """A chunk of thinking."""

    def on_signature(self, signature: str) -> None:
        """The block of thinking that ends here is signed."""

    def on_redacted(self, data: str) -> None:
        """A block of thinking that came encrypted."""


@dataclass(slots=True)
class ToolUse:
    """A tool call as it came. `malformed`: the arguments that are no JSON object, else ""."""

    id: str
    name: str
    input: dict[str, Any] = field(default_factory=dict)
    malformed: str = ""


@dataclass(slots=True)
class Response:
    """A finished response. `shown`: some content has been handed to the sink.

    Calls are not: they are run after the end, so that a response cut off before it can be
    asked for again.
    """

    model: str = ""
    stop_reason: str = ""
    calls: list[ToolUse] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    shown: bool = False
    unknown: int = 0
    detail: str = ""


class MessagesApi:
    """A server and a credential. One HTTP client for all sessions that use it."""

    def __init__(
        self, *, api_key: str, base_url: str, connect_s: float = 10.0, stall_s: float = 180.0
    ) -> None:
        self._key = api_key
        self._base_url = base_url
        self._connect_s = connect_s
        self.stall_s = stall_s
        self._client: Any = None
        self._making = asyncio.Lock()

    async def client(self) -> Any:
        """The SDK's client, imported and made when first needed. Raises FaultError."""
        async with self._making:  # sessions that begin together share one
            if self._client is None:
                loop = asyncio.get_running_loop()
                try:
                    self._client = await loop.run_in_executor(None, self._make)
                except (ImportError, ValueError, OSError) as error:
                    # A proxy of the environment that can't be used, certificates that aren't there.
                    raise FaultError(Fault("setup", str(error))) from error
        return self._client

    def _make(self) -> Any:
        import anthropic
        import httpx2

        host = urlsplit(self._base_url).hostname or ""
        official = host == OFFICIAL_HOST
        return anthropic.AsyncAnthropic(
            # Both are given, so that nothing is taken from the environment: a key of the
            # user's never goes to a server that it does not belong to.
            api_key=self._key or "none",
            base_url=self._base_url,
            max_retries=0,
            open_telemetry=False,
            timeout=httpx2.Timeout(None, connect=self._connect_s, pool=None),
            # Servers that are not Anthropic's often know only the older header.
            default_headers={"X-Api-Key": self._key} if self._key and not official else None,
            http_client=httpx2.AsyncClient(
                timeout=httpx2.Timeout(None, connect=self._connect_s, pool=None),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=32),
                follow_redirects=False,  # a redirect would carry the key elsewhere
                trust_env=not _is_loopback(host),  # a proxy can't reach this machine's own
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def stream(self, params: Mapping[str, Any], sink: Sink, response: Response) -> None:
        """Stream one response into `sink` and `response`.

        Raises FaultError; `response.shown` then says whether content had come before.
        """
        reader = _Reader(sink, response)
        # Made before the clock runs: importing the SDK takes a second.
        client = await self.client()
        try:
            async with asyncio.timeout(self.stall_s) as watchdog:
                await self._read(client, params, reader, watchdog)
        except TimeoutError as error:
            what = f"no content for {self.stall_s:.0f} s"
            raise FaultError(Fault("stalled", what)) from error
        if not reader.ended:
            raise FaultError(Fault("truncated", "the connection closed before the end"))

    async def _read(
        self, client: Any, params: Mapping[str, Any], reader: _Reader, watchdog: asyncio.Timeout
    ) -> None:
        import anthropic
        import httpx2

        loop = asyncio.get_running_loop()
        moved = loop.time()
        watchdog.reschedule(moved + self.stall_s)
        try:
            request = client.messages.with_streaming_response.create(**params, stream=True)
            async with request as answer:
                _check_type(answer.headers)
                async for line in _lines(answer.iter_bytes()):
                    if reader.take(line) and (now := loop.time()) - moved > _WATCH_EVERY_S:
                        moved = now
                        watchdog.reschedule(now + self.stall_s)
                    if reader.ended:
                        return
        except anthropic.APIStatusError as error:
            body = await _body(error.response)
            headers = error.response.headers
            raise FaultError(faults.of_status(error.status_code, body, headers)) from error
        except (
            anthropic.APIConnectionError,
            httpx2.HTTPError,
            httpx2.StreamError,
            OSError,
        ) as error:
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
        import anthropic
        import httpx2

        try:
            async with asyncio.timeout(self._connect_s + 10):
                answer = await client.models.with_raw_response.list(limit=200)
                data = codec.loads(await answer.read())
        except anthropic.APIStatusError as error:
            headers = error.response.headers
            fault = faults.of_status(error.status_code, await _body(error.response), headers)
            raise FaultError(fault) from error
        except (anthropic.APIError, httpx2.HTTPError, TimeoutError, OSError) as error:
            raise FaultError(self._unreached(error)) from error
        except (ValueError, RecursionError) as error:
            raise FaultError(Fault("protocol", "the list of models is no JSON")) from error
        found = data.get("data") if isinstance(data, dict) else None
        return [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []


class _Reader:
    """The state of one stream: blocks by their index."""

    def __init__(self, sink: Sink, response: Response) -> None:
        self._sink = sink
        self._response = response
        self._blocks: dict[int, dict[str, Any]] = {}
        self._json: dict[int, list[str]] = {}
        self.ended = False

    def take(self, line: bytes) -> bool:
        """One line of the stream; True if it was content (a ping is not)."""
        if not line.startswith(b"data:"):
            return False
        try:
            event = codec.loads(line[5:])
        except (ValueError, RecursionError) as error:
            raise FaultError(Fault("protocol", f"a broken event: {error}")) from error
        if not isinstance(event, dict):
            raise FaultError(Fault("protocol", "an event that is no object"))
        kind = event.get("type")
        if kind == "content_block_delta":
            self._delta(event)
            return True
        if kind == "ping":
            return False
        handler = self._HANDLERS.get(str(kind))
        if handler is None:
            self._response.unknown += 1
            return False
        handler(self, event)
        return True

    def _delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        index = event.get("index")
        block = self._blocks.get(index) if isinstance(index, int) else None
        if not isinstance(delta, dict) or block is None or not isinstance(index, int):
            raise FaultError(Fault("protocol", "a piece of a block that was never begun"))
        kind = delta.get("type")
        if kind == "text_delta":
            self._response.shown = True
            self._sink.on_text(str(delta.get("text", "")))
        elif kind == "thinking_delta":
            self._response.shown = True
            self._sink.on_thinking(str(delta.get("thinking", "")))
        elif kind == "signature_delta":
            self._response.shown = True
            self._sink.on_signature(str(delta.get("signature", "")))
        elif kind == "input_json_delta" and index in self._json:
            self._json[index].append(str(delta.get("partial_json", "")))
        else:
            self._response.unknown += 1

    def _start(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        if isinstance(message, dict):
            self._response.model = str(message.get("model") or "")
            self._usage(message.get("usage"))

    def _block_start(self, event: dict[str, Any]) -> None:
        index, block = event.get("index"), event.get("content_block")
        if not isinstance(index, int) or not isinstance(block, dict) or index in self._blocks:
            raise FaultError(Fault("protocol", f"a block begins at index {index!r}"))
        if len(self._blocks) > 10_000:
            raise FaultError(Fault("protocol", "more blocks than any answer has"))
        self._blocks[index] = block
        kind = block.get("type")
        if kind == "tool_use":
            self._json[index] = []
        elif kind == "redacted_thinking":
            self._response.shown = True
            self._sink.on_redacted(str(block.get("data", "")))
        elif kind == "text" and block.get("text"):
            self._response.shown = True
            self._sink.on_text(str(block["text"]))
        elif kind not in ("text", "thinking"):
            self._response.unknown += 1

    def _block_stop(self, event: dict[str, Any]) -> None:
        index = event.get("index")
        parts = self._json.pop(index, None) if isinstance(index, int) else None
        if parts is None or not isinstance(index, int):
            return
        block = self._blocks[index]
        raw = "".join(parts)
        call = ToolUse(str(block.get("id", "")), str(block.get("name", "")))
        try:
            given = codec.loads(raw) if raw.strip() else block.get("input") or {}
        except (ValueError, RecursionError):
            given = None
        if isinstance(given, dict):
            call.input = given
        else:
            call.malformed = raw or "(nothing)"
        self._response.calls.append(call)

    def _message_delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        if isinstance(delta, dict):
            self._response.stop_reason = str(delta.get("stop_reason") or "")
            details = delta.get("stop_details")
            if isinstance(details, dict):
                words = (details.get("category"), details.get("explanation"))
                self._response.detail = ": ".join(str(w) for w in words if w)
        self._usage(event.get("usage"))

    def _message_stop(self, event: dict[str, Any]) -> None:
        for index in list(self._json):  # calls that were cut off in the middle
            block, parts = self._blocks[index], self._json.pop(index)
            call = ToolUse(str(block.get("id", "")), str(block.get("name", "")))
            call.malformed = "".join(parts) or "(cut off)"
            self._response.calls.append(call)
        self.ended = True

    def _error(self, event: dict[str, Any]) -> None:
        raise FaultError(faults.of_event(event.get("error"), str(event.get("request_id") or "")))

    def _usage(self, usage: Any) -> None:
        """Counts are cumulative: the last one stands."""
        if isinstance(usage, dict):
            for theirs, ours in _USAGE.items():
                if (counted := count(usage.get(theirs))) is not None:
                    self._response.usage[ours] = counted

    _HANDLERS = {  # noqa: RUF012
        "message_start": _start,
        "content_block_start": _block_start,
        "content_block_stop": _block_stop,
        "message_delta": _message_delta,
        "message_stop": _message_stop,
        "error": _error,
    }


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    r"""Lines of a byte stream, split at \n alone: other separators may stand inside JSON."""
    rest: list[bytes] = []
    size = 0
    async for chunk in chunks:
        rest.append(chunk)
        size += len(chunk)
        if b"\n" not in chunk:
            if size > _MAX_LINE:
                raise FaultError(Fault("protocol", "a line without end"))
            continue
        *lines, last = b"".join(rest).split(b"\n")
        rest, size = [last], len(last)
        for line in lines:
            yield line.rstrip(b"\r")


def _check_type(headers: Any) -> None:
    kind = str(headers.get("content-type") or "")
    if kind and "event-stream" not in kind:
        raise FaultError(Fault("protocol", f"the server sent {kind.split(';')[0]}"))


async def _body(response: Any) -> bytes:
    """What is left of an error's body; never more than is worth showing."""
    try:
        return bytes(response.content)[:20_000]
    except RuntimeError:  # the body was not read; the status says enough
        return b""


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
