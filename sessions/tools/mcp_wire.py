"""The wire to MCP servers: lines of bounded length, and answers mended before the SDK reads them.

The SDK checks whole messages strictly: one odd tool takes the server's good ones with it, and a
result whose structured part does not fit takes its text. Here the parts are read one by one. A
line that is too long is not kept: its beginning is, and that it was shortened is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sessions import child_process
from sessions.record import events as ev
from sessions.safety.bounded_lines import KEPT, Lines, texts
from sessions.tls import certificates

log = logging.getLogger("agentdeck.mcp")

MAX_LINE = 12 * 2**20
"""Bytes of one message that are read whole; an image of 5 MiB has 7 as base64."""
_CHUNK = 2**18
_ENDS_S = 2.0
_CHANGED = "notifications/tools/list_changed"
_ID = re.compile(rb'"id"\s*:\s*(\d{1,18}|"[^"\\]{1,80}")')
_MAX_ASKED = 1000


class Mending:
    """What was asked of one server, and its answers as they should have been."""

    def __init__(self, on_changed: Callable[[], None]) -> None:
        self._on_changed = on_changed
        self._asked: dict[str, str] = {}
        self.tools: list[ev.JSON] = []
        """The tools of the last page, as the server wrote them; the SDK reads less of them."""
        self.printed: list[str] = []
        """Lines on stdout that are no messages, the last few."""

    def sent(self, message: Any) -> None:
        """A message to the server."""
        number, method = getattr(message, "id", None), getattr(message, "method", None)
        if number is not None and method:
            self._asked[str(number)] = method
            if len(self._asked) > _MAX_ASKED:
                del self._asked[next(iter(self._asked))]

    def read(self, line: bytes, size: int) -> list[ev.JSON]:
        """The messages in a line; none in one that is no message."""
        if size > len(line):
            return self._shortened(line, size)
        if not line.strip():
            return []
        try:
            found: Any = msgspec.json.decode(line)
        except (ValueError, RecursionError):
            try:
                found = json.loads(line.decode("utf-8", "replace"))
            except (ValueError, RecursionError):
                found = None
        messages = [m for m in (found if isinstance(found, list) else [found]) if type(m) is dict]
        if not messages:
            self.printed = [*self.printed[-2:], line[:500].decode("utf-8", "replace")]
            log.info("not a message on stdout: %r", line[:200])
        return messages

    def mend(self, message: ev.JSON) -> ev.JSON:
        """A message from the server, in the form that the protocol has for it."""
        if message.get("method") == _CHANGED:
            self._on_changed()
        if "method" in message or "id" not in message:
            return message
        method = self._asked.pop(str(message["id"]), "")
        if message.get("error") is not None or "result" not in message:
            return {"jsonrpc": "2.0", "id": message["id"], "error": _error(message.get("error"))}
        result = message["result"]
        if method == "tools/call":
            result = _called(result)
        elif method == "tools/list":
            result = self._listed(result)
        elif method == "initialize":
            result = _greeted(result)
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    def _listed(self, result: Any) -> Any:
        """One page of tools: all that have a name, with no more than the SDK must know."""
        given = result if isinstance(result, dict) else {}
        tools = given.get("tools")
        self.tools = [t for t in tools if isinstance(t, dict)] if isinstance(tools, list) else []
        cursor = given.get("nextCursor")
        more = {"nextCursor": cursor} if isinstance(cursor, str) and cursor else {}
        given = {k: v for k, v in given.items() if k not in ("tools", "nextCursor")}
        plain = [
            {"name": tool["name"], "inputSchema": _headers(tool.get("inputSchema"))}
            for tool in self.tools
            if isinstance(tool.get("name"), str)
        ]
        return {**given, "tools": plain, **more}

    def _shortened(self, line: bytes, size: int) -> list[ev.JSON]:
        """The answer of which a long line is the beginning and the end."""
        head, tail = line[:KEPT], line[KEPT:]
        ids = [*_ID.findall(head[:2000])[:1], *_ID.findall(tail)[-1:]]
        numbers = [json.loads(i) for i in ids]
        number = next((n for n in numbers if str(n) in self._asked), None)
        if number is None:
            log.warning("a line of %d bytes that answers nothing is left out", size)
            return []
        method = self._asked[str(number)]
        if method != "tools/call":
            told = f"its answer to {method} has {size:,} bytes; at most {MAX_LINE:,} are read"
            return [{"jsonrpc": "2.0", "id": number, "error": {"code": -32603, "message": told}}]
        found = texts(head)
        told = f"(Shortened: the server's answer has {size:,} bytes; "
        told += "the beginning of its text is kept.)" if found else "nothing of it can be shown.)"
        result = {
            "content": [{"type": "text", "text": text} for text in (*found, told)],
            "isError": bool(re.search(rb'"isError"\s*:\s*true', tail)),
        }
        return [{"jsonrpc": "2.0", "id": number, "result": result}]


def _error(given: Any) -> ev.JSON:
    told = given if isinstance(given, dict) else {}
    code, message = told.get("code"), told.get("message")
    if not isinstance(message, str):
        message = _json(given) if given is not None else "an answer without a result"
    return {"code": code if type(code) is int else -32603, "message": message}


def _greeted(result: Any) -> Any:
    """The answer to `initialize`: what a server leaves out of it is no reason to refuse it."""
    given = dict(result) if isinstance(result, dict) else {}
    info = given.get("serverInfo")
    info = info if isinstance(info, dict) else {}
    named = {key: str(info.get(key) or "unknown") for key in ("name", "version")}
    can = given.get("capabilities")
    can = {k: v for k, v in can.items() if isinstance(v, dict)} if isinstance(can, dict) else {}
    return {**given, "serverInfo": named, "capabilities": can}


def _headers(given: Any) -> ev.JSON:
    """A schema as far as the SDK uses it: which arguments go into headers as well."""
    found = given.get("properties") if isinstance(given, dict) else None
    kept: ev.JSON = {}
    for name, inner in (found if isinstance(found, dict) else {}).items():
        if isinstance(inner, dict) and "x-mcp-header" in inner:
            kept[name] = {k: inner[k] for k in ("type", "x-mcp-header") if k in inner}
    return {"type": "object", "properties": kept}


def _called(result: Any) -> Any:
    """A tool's result, part by part."""
    if not isinstance(result, dict):
        return {"content": [{"type": "text", "text": _json(result)}]}
    if result.get("resultType") not in (None, "complete"):
        return result
    content = result.get("content")
    parts = content if isinstance(content, list) else [] if content is None else [content]
    mended = [_part(part) for part in parts]
    structured = result.get("structuredContent")
    if structured is not None and not isinstance(structured, dict):
        if not mended:
            mended.append({"type": "text", "text": _json(structured)})
        structured = None
    new: ev.JSON = {"content": _joined(mended), "isError": bool(result.get("isError"))}
    if "resultType" in result:
        new["resultType"] = result["resultType"]
    return new | ({"structuredContent": structured} if structured is not None else {})


def _joined(parts: Sequence[ev.JSON]) -> list[ev.JSON]:
    """Parts of text that follow each other as one."""
    joined: list[ev.JSON] = []
    texts: list[str] = []
    for part in parts:
        if part["type"] == "text":
            texts.append(part["text"])
            continue
        if texts:
            joined.append({"type": "text", "text": "\n".join(texts)})
        joined.append(part)
        texts = []
    return joined + ([{"type": "text", "text": "\n".join(texts)}] if texts else [])


def _part(part: Any) -> ev.JSON:
    """A part of content as the protocol has it; as text where it is none."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind in ("image", "audio") and isinstance(part.get("data"), str):
        media = part.get("mimeType")
        media = media if isinstance(media, str) else "application/octet-stream"
        return {"type": kind, "data": part["data"], "mimeType": media}
    if kind == "resource_link" and isinstance(part.get("uri"), str):
        name = part.get("name")
        return {"type": kind, "uri": part["uri"], "name": name if type(name) is str else "?"}
    inner = part.get("resource") if kind == "resource" else None
    if isinstance(inner, dict) and isinstance(inner.get("uri"), str):
        keys = ("uri", "mimeType", "text", "blob")
        kept = {k: inner[k] for k in keys if isinstance(inner.get(k), str)}
        if "text" in kept or "blob" in kept:
            return {"type": kind, "resource": kept}
    return {"type": "text", "text": _json(part)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


# -- streams, as the SDK wants them


class McpReader:
    """Messages from the server, each through `mend`: `ReadStream` of the SDK's protocols."""

    def __init__(self, source: Any, mend: Callable[[Any], Any]) -> None:
        self._source = source
        self._mend = mend

    @property
    def last_context(self) -> Any:
        """The SDK's own streams carry a context with each message."""
        return getattr(self._source, "last_context", None)

    def __aiter__(self) -> McpReader:
        return self

    async def __anext__(self) -> Any:
        return self._mend(await anext(self._source))

    async def receive(self) -> Any:
        """The next message."""
        return await anext(self)

    async def aclose(self) -> None:
        """Nothing more is read."""
        await self._source.aclose()

    async def __aenter__(self) -> McpReader:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Writer:
    """Messages to the server, each seen by `sent`: `WriteStream` of the SDK's protocols."""

    def __init__(self, sink: Any, sent: Callable[[Any], None]) -> None:
        self._sink = sink
        self._sent = sent

    async def send(self, item: Any) -> None:
        """Send one message."""
        self._sent(item.message)
        await self._sink.send(item)

    async def aclose(self) -> None:
        """Nothing more is sent."""
        await self._sink.aclose()

    async def __aenter__(self) -> Writer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


# -- a program on stdin and stdout


class _Stdin:
    def __init__(self, stdin: asyncio.StreamWriter) -> None:
        self._stdin = stdin

    async def send(self, item: Any) -> None:
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        with contextlib.suppress(ConnectionError, OSError):  # its end is seen by the reader
            self._stdin.write(text.encode("utf-8", "replace") + b"\n")
            await self._stdin.drain()

    async def aclose(self) -> None:
        self._stdin.close()


async def _messages(stdout: asyncio.StreamReader, mending: Mending) -> AsyncIterator[Any]:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    lines = Lines(MAX_LINE)
    while data := await stdout.read(_CHUNK):
        for line, size in lines.feed(data):
            for message in mending.read(line, size):
                try:
                    mended = mending.mend({"jsonrpc": "2.0", **message})
                    yield SessionMessage(jsonrpc_message_adapter.validate_python(mended))
                except ValueError as error:
                    log.info("an MCP server's message is none of the protocol: %s", error)


@contextlib.asynccontextmanager
async def program(
    command: Sequence[str], env: dict[str, str], errors: Any, mending: Mending
) -> AsyncIterator[tuple[McpReader, Writer]]:
    """The transport to a server that is started here. Raises OSError."""
    from mcp.client.stdio import get_default_environment

    process = await child_process.start(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors.fileno(),
        env=get_default_environment() | env,
        cwd=Path.home(),
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    messages = _messages(process.stdout, mending)
    try:
        yield McpReader(messages, lambda m: m), Writer(_Stdin(process.stdin), mending.sent)
    finally:
        await asyncio.shield(asyncio.ensure_future(_end(process)))


async def _end(process: child_process.ChildProcess) -> None:
    """Close its stdin, wait, then end it with all that it started."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    draining = asyncio.ensure_future(_drained(process.stdout))
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                async with asyncio.timeout(_ENDS_S):
                    await process.wait()
                    if process.signal_group(0):  # others of its group have the same time
                        await asyncio.wait([draining])
                break
            except TimeoutError:
                process.signal_group(number)
    finally:  # also where the engine's loop ends before
        process.signal_group(signal.SIGKILL)  # what it left behind in its group
        draining.cancel()
        process.let_go()


async def _drained(stdout: asyncio.StreamReader) -> None:
    """Whoever still prints is not kept from ending by a full pipe."""
    with contextlib.suppress(OSError, RuntimeError):  # or somebody still reads, and drains it so
        while await stdout.read(_CHUNK):
            pass


# -- a server on HTTP


@contextlib.asynccontextmanager
async def address(url: str, mending: Mending) -> AsyncIterator[tuple[McpReader, Writer]]:
    """The transport to a server that is reached by HTTP."""
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    async def bounded(response: httpx2.Response) -> None:
        response.stream = body(response.stream, response.headers, mending)

    async with httpx2.AsyncClient(
        timeout=httpx2.Timeout(30.0, read=300.0),
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [bounded]},
        verify=certificates.trusted(),
    ) as client:
        opened = streamable_http_client(url, http_client=client, max_sse_event_size=2 * MAX_LINE)
        async with opened as (read, write):
            yield McpReader(read, lambda item: _mended(item, mending)), Writer(write, mending.sent)


def _mended(item: Any, mending: Mending) -> Any:
    """A message that the SDK has read off HTTP."""
    from mcp.shared.message import SessionMessage
    from mcp_types import JSONRPCResponse

    message: Any = getattr(item, "message", None)
    if isinstance(message, JSONRPCResponse):
        mended = mending.mend({"id": message.id, "result": message.result})
        return SessionMessage(JSONRPCResponse.model_validate(mended), item.metadata)
    if method := getattr(message, "method", ""):
        mending.mend({"method": method})
    return item


def body(stream: Any, headers: Any, mending: Mending) -> Any:
    """A response's body whose messages are no longer than those of a program."""
    import httpx2

    events = headers.get("content-type", "").lower().startswith("text/event-stream")
    packed = bool(headers.get("content-encoding"))  # against our wish; the client unpacks it

    def fit(line: bytes, size: int) -> bytes:
        if size <= len(line):
            return line
        found = mending.read(line, size)
        text = msgspec.json.encode(found[0]) if found else b"{}"
        return b"data: " + text if events else text

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            lines = Lines(MAX_LINE)
            async for data in stream:
                if packed:
                    yield data
                    continue
                # In JSON a line's end is a space; one message is one line.
                for line in lines.feed(data if events else data.replace(b"\n", b" ")):
                    yield fit(*line) + b"\n"
            for line in lines.feed(b"\n"):
                yield fit(*line)

        async def aclose(self) -> None:
            await stream.aclose()

    return Bounded()
