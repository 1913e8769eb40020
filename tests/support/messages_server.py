"""A model's server on loopback that says what it is told: real HTTP, real SSE.

It speaks the Messages API, whose answers are made here, Chat Completions (`chat_steps`), the
Responses API (`responses_steps`) and Gemini's (`gemini_steps`).

A script is a function from a request to a list of steps; without one, words in the last user
message choose (see `by_words`). Steps are small actions on the byte stream, so that any fault
can stand at any point of any answer. Run it by hand:

    python -m tests.support.messages_server --port 8931
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
ANSWERS = ("/v1/messages", "/v1/chat/completions", "/v1/responses")
"""Where a model is asked, beside `/v1beta/models/MODEL:streamGenerateContent`."""
_NUMBERS = itertools.count(1)
"""Of messages: Claude Code takes two of one id for one."""


@dataclass(slots=True)
class Request:
    """One request as it came. `number` counts from 0."""

    path: str
    headers: dict[str, str]
    body: JSON
    number: int

    @property
    def last_text(self) -> str:
        """The text of the last message."""
        messages = self.body.get("messages") or self.body.get("input") or []
        content = messages[-1].get("content") if messages else ""
        if not isinstance(content, list):
            return content or ""
        said = ("text", "input_text")
        return "\n".join(str(b.get("text", "")) for b in content if b.get("type") in said)

    @property
    def results(self) -> list[JSON]:
        """The tool results of the last message."""
        content = (self.body.get("messages") or [{}])[-1].get("content")
        if not isinstance(content, list):
            return []
        return [b for b in content if b.get("type") == "tool_result"]


# -- steps: what happens on the wire, one after the other


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing until the client goes; with `pings`, a ping every so many seconds."""

    pings: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends: cleanly, or with a reset."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """Nothing until the test opens the gate."""

    event: asyncio.Event


@dataclass(frozen=True, slots=True)
class Status:
    """Not a stream but an answer of this status; must come first."""

    code: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


Step = Raw | Sleep | Hang | Cut | Gate | Status
Script = Callable[[Request], Sequence[Step]]


def sse(kind: str, **fields: Any) -> Raw:
    """One event."""
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return Raw(f"event: {kind}\ndata: {data}\n\n".encode("utf-8", "surrogatepass"))


def start(model: str = "scripted", **usage: int) -> Raw:
    """The beginning of a message."""
    counts = {"input_tokens": 10, "output_tokens": 1} | usage
    message = {
        "id": f"msg_{next(_NUMBERS)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "usage": counts,
    }
    return sse("message_start", message=message)


def text(index: int, *chunks: str) -> list[Step]:
    """A block of text in chunks."""
    block = {"type": "text", "text": ""}
    return [
        sse("content_block_start", index=index, content_block=block),
        *(
            sse("content_block_delta", index=index, delta={"type": "text_delta", "text": c})
            for c in chunks
        ),
        sse("content_block_stop", index=index),
    ]


def thinking(index: int, words: str, signature: str = "sig") -> list[Step]:
    """A signed block of thinking."""
    block = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = (
        {"type": "thinking_delta", "thinking": words},
        {"type": "signature_delta", "signature": signature},
    )
    return [
        sse("content_block_start", index=index, content_block=block),
        *(sse("content_block_delta", index=index, delta=d) for d in deltas),
        sse("content_block_stop", index=index),
    ]


def tool(index: int, call: str, name: str, given: JSON | str) -> list[Step]:
    """A tool call; `given` as text is sent as it is, valid or not."""
    raw = given if isinstance(given, str) else json.dumps(given)
    half = len(raw) // 2
    block = {"type": "tool_use", "id": call, "name": name, "input": {}}
    return [
        sse("content_block_start", index=index, content_block=block),
        *(
            sse(
                "content_block_delta",
                index=index,
                delta={"type": "input_json_delta", "partial_json": part},
            )
            for part in (raw[:half], raw[half:])
        ),
        sse("content_block_stop", index=index),
    ]


def stop(reason: str = "end_turn", output: int = 5, **delta: Any) -> list[Step]:
    """The end of a message."""
    change = {"stop_reason": reason, "stop_sequence": None, **delta}
    return [
        sse("message_delta", delta=change, usage={"output_tokens": output}),
        sse("message_stop"),
    ]


def say(*chunks: str, reason: str = "end_turn") -> list[Step]:
    """A whole answer of text."""
    return [start(), *text(0, *chunks), *stop(reason)]


def call(name: str, given: JSON | str, call_id: str = "call_1", before: str = "") -> list[Step]:
    """A whole answer that calls one tool."""
    said = text(0, before) if before else []
    return [start(), *said, *tool(1 if before else 0, call_id, name, given), *stop("tool_use")]


def error(kind: str, message: str = "told so", status: int = 0, **headers: str) -> list[Step]:
    """An error: as an HTTP status, or as an event where `status` is 0."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    if status:
        return [Status(status, json.dumps(body).encode(), dict(headers))]
    return [sse("error", error=body["error"], request_id="req_1")]


def is_asked(path: str) -> bool:
    """Whether a model is asked there."""
    return path in ANSWERS or path.endswith((":streamGenerateContent", ":generateContent"))


def by_words(request: Request) -> Sequence[Step]:
    """The default: what the last user message asks for.

    `stream N RATE` streams N words at RATE a second; `tool NAME JSON` calls a tool and then
    tells its result; anything else is answered with a few words and the message itself.
    """
    if request.results:
        told = request.results[0].get("content")
        shown = told if isinstance(told, str) else "".join(b.get("text", "") for b in told or [])
        return say("The tool said: ", shown[:2000])
    words = request.last_text.strip().split(maxsplit=2)
    if words[:1] == ["stream"] and len(words) > 2:
        count, rate = int(words[1]), float(words[2])
        steps: list[Step] = [start(), text(0)[0]]
        for number in range(count):
            delta = {"type": "text_delta", "text": f"word{number} "}
            steps += [sse("content_block_delta", index=0, delta=delta), Sleep(1 / rate)]
        return [*steps, sse("content_block_stop", index=0), *stop()]
    if words[:1] == ["tool"] and len(words) > 2:
        return call(words[1], words[2], f"call_{request.number}", "Let me look. ")
    return say("You said: ", request.last_text[:2000])


class MessagesServer:
    """Listens on loopback; `url` is its address, `requests` what came.

    Use it as an async context. `script` may be changed at any time.
    """

    def __init__(self, script: Script = by_words, port: int = 0) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.models: JSON = {"data": [{"id": "scripted", "display_name": "Scripted"}]}
        self.url = ""
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> MessagesServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    @property
    def asked(self) -> list[Request]:
        """The requests for answers alone."""
        return [r for r in self.requests if is_asked(r.path)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (request := await self._read(reader)) is not None:
                if not await self._answer(request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass  # the loop ends; asyncio's own callback on this task would print a traceback
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        first = await reader.readline()
        if not first:
            return None
        headers: dict[str, str] = {}
        while (line := await reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        data = await reader.readexactly(int(headers.get("content-length", 0)))
        body = json.loads(data) if data else {}
        path = first.split()[1].decode().split("?")[0]
        request = Request(path, headers, body, len(self.asked))
        self.requests.append(request)
        return request

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; False when the connection is done with."""
        if request.path == "/v1/models":
            return await _plain(writer, Status(200, json.dumps(self.models).encode()))
        if request.path == "/v1/messages/count_tokens":
            return await _plain(writer, Status(200, b'{"input_tokens": 42}'))
        if not is_asked(request.path):
            return await _plain(writer, error("not_found_error", status=404)[0])
        script = self.script
        if script is by_words and request.path != "/v1/messages":
            from tests.support import chat_steps, gemini_steps, responses_steps

            chat = request.path == "/v1/chat/completions"
            openai = chat_steps if chat else responses_steps
            script = (openai if request.path in ANSWERS else gemini_steps).by_words
        steps = list(script(request))
        if steps and isinstance(steps[0], Status):
            return await _plain(writer, steps[0])
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"request-id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for step in steps:
            if not await _step(step, writer):
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def _step(step: Step, writer: asyncio.StreamWriter) -> bool:
    """One action on the stream; False when the connection is done with."""
    if isinstance(step, Raw):
        writer.write(b"%x\r\n%s\r\n" % (len(step.data), step.data))
        await writer.drain()
    elif isinstance(step, Sleep):
        await asyncio.sleep(step.seconds)
    elif isinstance(step, Gate):
        await step.event.wait()
    elif isinstance(step, Hang):
        async for ping in _pings(step.pings):
            writer.write(b"%x\r\n%s\r\n" % (len(ping), ping))
            await writer.drain()
    elif isinstance(step, Cut):
        if step.reset:
            writer.transport.abort()
        return False
    return True


async def _pings(every: float) -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(every or 3600)
        yield b'event: ping\ndata: {"type": "ping"}\n\n'


async def _plain(writer: asyncio.StreamWriter, step: Step) -> bool:
    assert isinstance(step, Status)
    head = [
        f"HTTP/1.1 {step.code} X",
        f"Content-Type: {step.content_type}",
        f"Content-Length: {len(step.body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in step.headers.items()),
    ]
    writer.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + step.body)
    await writer.drain()
    return True


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Such a server in a process of its own; its address."""
    words = [sys.executable, "-m", "tests.support.messages_server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def _by_hand(port: int) -> None:
    async with MessagesServer(port=port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    # As the module that others import: its steps are of their classes.
    from tests.support import messages_server

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(messages_server._by_hand(parser.parse_args().port))
