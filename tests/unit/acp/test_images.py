"""Pictures that an agent shows are kept beside the record, and found by the harvest."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import Any

from sessions.backends.acp.images import kept
from sessions.backends.acp.updates import Translator
from sessions.record import events as ev

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
IMAGE = {"type": "image", "data": base64.b64encode(PNG).decode(), "mimeType": "image/png"}


def told(files: Path, update: dict[str, Any]) -> list[ev.Event]:
    return Translator(1, None, partial(kept, files)).events(update)


def test_a_picture_in_a_message_is_kept_and_named(tmp_path: Path) -> None:
    text, found = told(tmp_path, {"sessionUpdate": "agent_message_chunk", "content": IMAGE})
    assert isinstance(text, ev.Text) and isinstance(found, ev.Byproduct)
    assert found.kind == "picture" and found.path in text.text
    assert (tmp_path / found.path).read_bytes() == PNG


def test_an_svg_is_a_picture_too(tmp_path: Path) -> None:
    data = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"/>').decode()
    content = {"type": "image", "data": data, "mimeType": "image/svg+xml"}
    text, found = told(tmp_path, {"sessionUpdate": "agent_message_chunk", "content": content})
    assert isinstance(found, ev.Byproduct) and found.path.endswith(".svg")
    assert isinstance(text, ev.Text) and found.path in text.text


def test_a_tool_s_picture_is_part_of_its_result(tmp_path: Path) -> None:
    done = {"sessionUpdate": "tool_call", "toolCallId": "t", "status": "completed", "kind": "read"}
    _, result = told(tmp_path, {**done, "content": [{"type": "content", "content": IMAGE}]})
    assert isinstance(result, ev.ToolResult)
    assert (tmp_path / result.images[0]["path"]).read_bytes() == PNG


def test_what_is_no_picture_is_named_and_not_kept(tmp_path: Path) -> None:
    for data in ("", "not base64!", base64.b64encode(b"#!/bin/sh").decode()):
        content = {"type": "image", "data": data, "mimeType": "image/png"}
        (text,) = told(tmp_path, {"sessionUpdate": "agent_message_chunk", "content": content})
        assert isinstance(text, ev.Text) and text.text == "[image]"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_tool_s_answer_is_kept_under_its_name(tmp_path: Path) -> None:
    inner = {"uri": "file:///w/notes.md", "text": "# Notes\n"}
    done = {"sessionUpdate": "tool_call", "toolCallId": "t", "status": "completed", "kind": "read"}
    block = {"type": "content", "content": {"type": "resource", "resource": inner}}
    _, result = told(tmp_path, {**done, "content": [block]})
    assert isinstance(result, ev.ToolResult) and "# Notes" in result.content
    (kept_there,) = result.data["resources"]
    assert kept_there["name"] == "notes.md" and result.images == []
    assert (tmp_path / kept_there["path"]).read_text() == "# Notes\n"
