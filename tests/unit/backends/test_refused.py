"""What a server will always refuse ends no session: it is told in words, and stays so."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from sessions.backends.anthropic import AnthropicBackend
from sessions.backends.base import Capabilities
from sessions.record import events as ev
from sessions.record.summary_parts import Attachment
from sessions.runtime.session import Session
from tests.support.messages_server import (
    Request,
    Status,
    Step,
    call,
    error,
    say,
    start,
    stop,
    thinking,
    tool,
)
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.pictures import png
from tests.support.rig import until


def attached(session: Session, name: str, data: bytes) -> Attachment:
    """A picture under the session's `files/`."""
    folder = session.folder / "files"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return {"path": f"files/{name}", "media_type": "image/png", "name": name}


async def show(rig: NativeRig, session: Session, *pictures: Attachment) -> ev.TurnEnded:
    """A turn about pictures."""
    await session.send("Look", attachments=list(pictures))
    await until(lambda: not session.working, 60)
    return of_type(session, ev.TurnEnded)[-1]


def images(request: Request) -> list[str]:
    """The pictures of a request, as base64."""
    return [
        b["source"]["data"]
        for m in request.body["messages"]
        for block in m["content"]
        for b in (block, *(block.get("content") or ()))
        if isinstance(b, dict) and b["type"] == "image"
    ]


def refuses(words: str, status: int = 400) -> list[Step]:
    """What a server says of a picture."""
    return error("invalid_request_error", words, status)


async def test_a_broken_picture_is_never_sent(native: NativeRig) -> None:
    native.server.script = lambda r: refuses("Could not process image") if images(r) else say("Ah.")
    session = await native.session()
    broken = attached(session, "a.png", png()[:40])
    assert (await show(native, session, broken)).reason == "end_turn"
    assert len(native.server.asked) == 1
    assert "[could not be shown: it is broken" in json.dumps(native.server.asked[0].body)
    (told,) = of_type(session, ev.ContextRefused)
    assert told.paths == ["files/a.png"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Could not process image", 400),
        ("messages.0.content.0.image.source.base64: image exceeds 5 MB maximum", 400),
        ("image input is not supported - hint: you may need to provide the mmproj", 500),
        ("Failed to deserialize: messages[0]: unknown variant `image_url`, expected `text`", 400),
        ("No endpoints found that support image input", 404),
        ("The message is too large: image of 9 MB", 413),
    ],
)
async def test_a_picture_that_is_refused_is_told_instead_and_stays_so(
    native: NativeRig, words: str, status: int
) -> None:
    native.server.script = lambda r: refuses(words, status) if images(r) else say("Ah.")
    session = await native.session()
    ended = await show(native, session, attached(session, "a.png", png()))
    assert ended.reason == "end_turn" and text_of(session) == "Ah."
    assert len(native.server.asked) == 2 and not of_type(session, ev.Error)
    sent = json.dumps(native.server.asked[1].body["messages"])
    assert "[could not be shown: " in sent and words.split(":")[0] in sent
    copy = await native.deck.fork(session.id)  # read from the record alone
    await native.turn(copy, "And now?")
    assert len(native.server.asked) == 3 and not images(native.server.asked[2])


async def test_only_the_picture_that_is_named_goes(native: NativeRig) -> None:
    bad = png(9, 9)
    words = "messages.0.content.1.image.source.base64.data: Could not process image"

    def script(request: Request) -> Sequence[Step]:
        return refuses(words) if len(images(request)) == 3 else say("Ah.")

    native.server.script = script
    session = await native.session()
    files = {"a.png": png(), "b.png": bad, "c.png": png(7, 7)}
    ended = await show(native, session, *(attached(session, n, d) for n, d in files.items()))
    assert ended.reason == "end_turn" and len(images(native.server.asked[1])) == 2
    assert [e.paths for e in of_type(session, ev.ContextRefused)] == [["files/b.png"]]


async def test_pictures_that_were_taken_before_stay(native: NativeRig) -> None:
    native.server.script = lambda r: refuses("Bad image") if len(images(r)) > 1 else say("Ah.")
    session = await native.session()
    await show(native, session, attached(session, "a.png", png()))
    await show(native, session, attached(session, "b.png", png(9, 9)))
    assert [e.paths for e in of_type(session, ev.ContextRefused)] == [["files/b.png"]]
    assert len(images(native.server.asked[-1])) == 1


async def test_a_picture_that_a_tool_read_is_refused_in_mid_turn(native: NativeRig) -> None:
    (native.root / "work" / "p.png").write_bytes(png())

    def script(request: Request) -> Sequence[Step]:
        if not request.number:
            return call("Read", {"file_path": "p.png"})
        return refuses("Could not process image") if images(request) else say("Ah.")

    native.server.script = script
    session = await native.session()
    assert (await native.turn(session, "Look")).reason == "end_turn"
    assert "[could not be shown: " in json.dumps(native.server.asked[-1].results)


async def test_another_model_may_see_what_one_could_not(native: NativeRig) -> None:
    blind = True
    native.server.script = lambda r: (
        refuses("Model do not support image input.") if blind and images(r) else say("Ah.")
    )
    session = await native.session()
    await show(native, session, attached(session, "a.png", png()))
    blind = False
    await native.turn(session, "And now?")
    assert not images(native.server.asked[-1])
    await session.set({"model": "with-eyes"})
    await native.turn(session, "And now?")
    assert len(images(native.server.asked[-1])) == 1


async def test_a_refusal_of_something_else_keeps_pictures(native: NativeRig) -> None:
    native.server.script = lambda r: refuses("tools.0.name: String should match pattern")
    session = await native.session()
    assert (await show(native, session, attached(session, "a.png", png()))).reason == "error"
    assert len(native.server.asked) == 1 and not of_type(session, ev.ContextRefused)


async def test_thinking_that_another_server_signed_is_left_out(native: NativeRig) -> None:
    words = b'{"error": {"type": "invalid_request_error", "message": "%s"}}' % (
        b"messages.1.content.0: Invalid `signature` in `thinking` block"
    )

    def script(request: Request) -> Sequence[Step]:
        if not request.number:
            return [
                start(), *thinking(0, "Hm", "theirs"),
                *tool(1, "a", "LS", {"path": "."}), *stop("tool_use"),
            ]  # fmt: skip
        signed = "theirs" in json.dumps(request.body["messages"])
        return [Status(400, words)] if signed else say("Ah.")

    native.server.script = script
    session = await native.session()
    assert (await native.turn(session, "Go")).reason == "end_turn"
    assert (await native.turn(session, "And now?")).reason == "end_turn"
    assert len(native.server.asked) == 4


async def test_what_takes_no_pictures_is_asked_without_and_the_user_is_told(
    native: NativeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    native.server.script = lambda _: say("Ah.")
    monkeypatch.setattr(AnthropicBackend, "capabilities", Capabilities(images=False))
    session = await native.session()
    ended = await show(native, session, attached(session, "a.png", png()))
    assert ended.reason == "end_turn"
    assert not images(native.server.asked[0])
    (told,) = of_type(session, ev.ContextRefused)
    assert told.every and "takes no pictures" in told.reason
