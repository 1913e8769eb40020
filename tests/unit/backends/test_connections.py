"""How a server is reached: one client for all, no detour for this machine, no key elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from sessions.backends import faults, streamed_response
from sessions.backends.messages import MessagesApi
from sessions.record import events as ev
from tests.support.messages_server import (
    MessagesServer,
    Raw,
    Request,
    Status,
    Step,
    error,
    say,
)
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until


async def test_sessions_that_begin_together_share_one_client(
    native: NativeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[MessagesApi] = []
    make = MessagesApi._make

    def counted(self: MessagesApi) -> object:
        made.append(self)
        return make(self)

    monkeypatch.setattr(MessagesApi, "_make", counted)
    sessions = [await native.session() for _ in range(6)]
    await asyncio.gather(*(native.turn(s, "Hello") for s in sessions))
    assert len(made) == 1


async def test_a_proxy_is_not_asked_for_a_server_on_this_machine(
    tmp_path: Path, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    rig = await NativeRig.make(tmp_path, server, "retries = 0")
    session = await rig.session()
    await rig.turn(session, "Hello")
    assert text_of(session) == "You said: Hello"
    await rig.close()


async def test_a_proxy_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:9")
    api = MessagesApi(api_key="k", base_url="http://models.example.invalid")
    with pytest.raises(faults.FaultError) as caught:
        await api.models()
    assert caught.value.fault.kind == "setup"
    assert "proxy" in caught.value.fault.error().hint


async def test_a_certificate_that_is_not_trusted_is_said_and_not_tried_again() -> None:
    refused = ssl.SSLCertVerificationError("self-signed certificate")
    api = MessagesApi(api_key="k", base_url="https://models.example.invalid")
    try:
        raise ConnectionError("no connection") from refused
    except ConnectionError as outer:
        fault = api._unreached(outer)
    assert fault.kind == "tls" and not fault.retryable
    assert "models.example.invalid" in fault.message and "self-signed" in fault.message


@contextlib.asynccontextmanager
async def listing(met: Callable[[bytes], Awaitable[None]]) -> AsyncIterator[str]:
    """A server whose list of models is empty; it answers when `met` has seen the request's head."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await met(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n" + b'{"data": []}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_name_in_an_address_goes_along() -> None:
    heads: list[bytes] = []

    async def met(head: bytes) -> None:
        heads.append(head)

    async with listing(met) as host:
        api = MessagesApi(api_key="k", base_url=f"http://ada:k%40ep@{host}")
        await api.models()
        await api.close()
    assert b"Basic " + b64encode(b"ada:k@ep") in heads[0]


async def test_an_unreached_server_is_named(tmp_path: Path, server: MessagesServer) -> None:
    rig = await NativeRig.make(tmp_path, server, "retries = 0")
    await server.__aexit__()
    session = await rig.session()
    await rig.turn(session, "Hello")
    assert server.url in of_type(session, ev.Error)[0].message
    await rig.close()


async def test_a_refused_key_is_asked_with_once_for_all_sessions(native: NativeRig) -> None:
    native.server.script = lambda r: error("authentication_error", status=401)
    sessions = [await native.session() for _ in range(5)]
    await native.turn(sessions[0], "Hello")
    for session in sessions[1:]:
        await native.turn(session, "Hello")
    assert len(native.server.asked) == 1
    assert all(of_type(s, ev.Error)[0].kind == "auth" for s in sessions)


async def test_asking_again_and_again_does_not_prolong_a_refusal(
    native: NativeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = native.deck.backend("test").gate  # type: ignore[attr-defined]
    native.server.script = lambda r: error("authentication_error", status=401)
    session = await native.session()
    await native.turn(session, "Hello")
    until_then = gate._refused_until
    await native.turn(session, "Hello?")
    assert gate._refused_until == until_then
    monkeypatch.setattr(gate, "_refused_until", 0.0)
    native.server.script = lambda r: say("Well.")
    assert (await native.turn(session, "Now?")).reason == "end_turn"


async def test_questions_beside_sessions_heed_the_same_gate(native: NativeRig) -> None:
    from sessions.backends.base import Question
    from sessions.errors import BackendError

    native.server.script = lambda r: error("authentication_error", status=401)
    backend = native.deck.backend("test")
    for _ in range(2):
        with pytest.raises(BackendError):
            await backend.ask(Question([{"role": "user", "content": "Hello"}]))
    assert len(native.server.asked) == 1


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("prompt is too long: 210000 tokens > 200000 maximum", "too_large"),
        ("the request exceeds the available context size", "too_large"),
        ("This model's maximum context length is 4096 tokens", "too_large"),
        ("Your credit balance is too low to access the API", "billing"),
        ("messages.0: unexpected role", "invalid"),
    ],
)
async def test_an_invalid_request_is_told_by_its_remedy(
    native: NativeRig, message: str, kind: str
) -> None:
    native.server.script = lambda r: error("invalid_request_error", message, status=400)
    session = await native.session()
    await native.turn(session, "Hello")
    told = of_type(session, ev.Error)[0]
    assert told.kind == kind and message[:20] in told.message


async def test_a_server_that_says_not_to_try_again_is_heeded(native: NativeRig) -> None:
    def script(request: Request) -> Sequence[Step]:
        return [Status(429, b"{}", {"x_should_retry": "false"})]

    native.server.script = script
    session = await native.session()
    await native.turn(session, "Hello")
    assert len(native.server.asked) == 1
    assert of_type(session, ev.Error)[0].kind == "rate_limit"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_lines_are_whole_however_they_are_cut(ending: bytes) -> None:
    whole = ending.join([b"data: {}", b"", b"x" * 5000, "ü\u2028".encode(), b""])
    told = []
    for size in (1, 7, 99, 10_000):
        cut = streamed_response._Lines()
        chunks = (whole[at : at + size] for at in range(0, len(whole), size))
        told.append([line for chunk in chunks for line in cut.of(chunk)])
    assert told == [[b"data: {}", b"x" * 5000, "ü\u2028".encode()]] * 4


async def test_an_answer_that_is_compressed_is_read(native: NativeRig) -> None:
    def script(request: Request) -> Sequence[Step]:
        said = b"".join(step.data for step in say("Hello ", "back") if isinstance(step, Raw))
        body = gzip.compress(said)
        return [Status(200, body, {"content_encoding": "gzip"}, "text/event-stream")]

    native.server.script = script
    session = await native.session()
    await native.turn(session, "Hello")
    assert "".join(event.text for event in of_type(session, ev.Text)) == "Hello back"


async def test_a_key_goes_twice_only_where_the_older_header_may_be_needed() -> None:
    ours = await MessagesApi(api_key="k", base_url="http://127.0.0.1:1").client()
    theirs = await MessagesApi(api_key="k", base_url="https://api.anthropic.com").client()
    assert ours.default_headers.get("X-Api-Key") == "k"
    assert "k" not in (theirs._custom_headers or {}).values()


async def test_a_wait_for_the_gate_can_be_interrupted(native: NativeRig) -> None:
    native.deck.backend("test").gate.pause(300.0)  # type: ignore[attr-defined]
    session = await native.session()
    await session.send("Hello")
    await until(lambda: bool(of_type(session, ev.Retry)))
    await asyncio.wait_for(session.interrupt(), 2)
    assert native.server.asked == []


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)"), "nothing listens"),
        (socket.gaierror(-2, "Name or service not known"), "its name is not known"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no way to it"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files"),
        (TimeoutError(), "did not answer in time"),
    ],
)
async def test_why_there_is_no_connection_is_said_in_words(cause: OSError, words: str) -> None:
    api = MessagesApi(api_key="k", base_url="http://127.0.0.1:9")
    try:
        raise ConnectionError("no connection") from cause
    except ConnectionError as outer:
        said = api._unreached(outer).message
    assert words in said
    assert "Errno" not in said


@pytest.mark.parametrize(
    "fault",
    [
        ImportError("x.so: failed to map segment from shared object"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
async def test_a_library_that_found_no_room_in_memory_is_told_as_that(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def full(_: MessagesApi) -> None:
        raise fault

    monkeypatch.setattr(MessagesApi, "_make", full)
    with pytest.raises(faults.FaultError) as caught:
        await MessagesApi(api_key="k", base_url="http://models.example.invalid").models()
    assert caught.value.fault.kind == "memory"
    assert "ulimit" in caught.value.fault.error().hint


async def test_more_streams_than_a_hundred_are_open_at_once() -> None:
    """The HTTP client waits for a free connection from a hundred on, if it is let."""
    many, all_there, heads = 120, asyncio.Event(), []

    async def met(head: bytes) -> None:
        heads.append(head)
        if len(heads) == many:
            all_there.set()
        await all_there.wait()

    async with listing(met) as host:
        api = MessagesApi(api_key="k", base_url=f"http://{host}")
        try:
            async with asyncio.timeout(60):
                await asyncio.gather(*(api.models() for _ in range(many)))
        finally:
            await api.close()
    assert all_there.is_set()
