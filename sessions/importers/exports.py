"""Exports of ChatGPT and of Claude: `conversations.json`, all conversations in one list.

Neither format is promised by anybody. ChatGPT's (as exports up to January 2026 are described, see
github.com/mitkury/chatgpt-export-parser): messages are a tree under `mapping`, of which the path to
`current_node` is the conversation; an answer to another `recipient` than `all` is a call. Claude's
(exports of April to July 2026): `chat_messages` in order, each with its parent, blocks as in the
Messages API. Other branches than the one that was shown last are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, text_of
from sessions.record import events as ev

_NOT_SHOWN = "[{what} is not in the export.]"


class _Export:
    """A file that holds a list of conversations, which is read once for all of them."""

    harness = ""

    def __init__(self) -> None:
        self._of: tuple[str, int, int] | None = None
        self._held: dict[str, Record] = {}

    def sessions(self, path: Path) -> list[str]:
        """Ids of the conversations in it, in the file's order."""
        return list(self._all(path))

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """One conversation's events."""
        conversation = self._all(path).get(session, {})
        builder = Builder(self.harness, path, session)
        self._tell(builder, conversation)
        builder.finish()
        yield from builder.take()

    def _all(self, path: Path) -> dict[str, Record]:
        status = path.stat()
        of = (str(path), status.st_mtime_ns, status.st_size)
        if self._of != of:
            self._held = {}
            data = json.loads(path.read_bytes())
            for number, found in enumerate(data if isinstance(data, list) else [data]):
                if isinstance(found, dict):
                    self._held[self._id(found) or str(number)] = found
            self._of = of
        return self._held

    def _id(self, conversation: Record) -> str:
        raise NotImplementedError

    def _tell(self, builder: Builder, conversation: Record) -> None:
        raise NotImplementedError


class ChatGpt(_Export):
    """Reads ChatGPT's export."""

    harness = "chatgpt"

    def claims(self, path: Path, head: bytes) -> bool:
        """By the tree of messages."""
        return path.suffix == ".json" and b'"mapping"' in head and b'"author"' in head

    def _id(self, conversation: Record) -> str:
        return str(conversation.get("conversation_id") or conversation.get("id") or "")

    def _tell(self, builder: Builder, conversation: Record) -> None:
        builder.title = str(conversation.get("title") or "")[:80]
        builder.model = str(conversation.get("default_model_slug") or "")
        builder.at(conversation.get("create_time"))
        waiting: list[str] = []
        for message in _path(conversation):
            builder.at(message.get("create_time"))
            metadata = _dict(message.get("metadata"))
            if metadata.get("is_visually_hidden_from_conversation"):
                continue
            builder.model = str(metadata.get("model_slug") or builder.model)
            role, content = _dict(message.get("author")).get("role"), _dict(message.get("content"))
            if role == "user":
                builder.user(_said(content))
            elif role == "assistant":
                self._answer(builder, message, content, waiting)
            elif role == "tool" and waiting:
                builder.result(waiting.pop(0), _said(content))

    def _answer(
        self, builder: Builder, message: Record, content: Record, waiting: list[str]
    ) -> None:
        kind, to = content.get("content_type"), str(message.get("recipient") or "all")
        if kind == "thoughts":
            for thought in _list(content.get("thoughts")):
                told = (thought.get("summary"), thought.get("content"))
                builder.thinking("\n".join(str(part) for part in told if part))
        elif kind in ("reasoning_recap", "model_editable_context"):
            return
        elif to != "all":
            call = str(message.get("id") or len(waiting))
            builder.call(call, to, {"input": _said(content)})
            waiting.append(call)
        else:
            builder.text(_said(content))


class ClaudeAi(_Export):
    """Reads Claude's export."""

    harness = "claude.ai"

    def claims(self, path: Path, head: bytes) -> bool:
        """By the name of its messages."""
        return path.suffix == ".json" and b'"chat_messages"' in head

    def _id(self, conversation: Record) -> str:
        return str(conversation.get("uuid") or "")

    def _tell(self, builder: Builder, conversation: Record) -> None:
        builder.title = str(conversation.get("name") or "")[:80]
        builder.model = str(conversation.get("model") or "")
        builder.at(conversation.get("created_at"))
        for message in _last_branch(_list(conversation.get("chat_messages"))):
            builder.at(message.get("created_at"))
            if message.get("sender") == "human":
                builder.user(_asked(message))
            elif message.get("sender") == "assistant":
                self._answer(builder, message)

    def _answer(self, builder: Builder, message: Record) -> None:
        blocks = _list(message.get("content"))
        if not blocks:
            builder.text(str(message.get("text") or ""))
        waiting: list[str] = []
        for number, block in enumerate(blocks):
            kind = block.get("type")
            if kind == "text":
                builder.text(str(block.get("text") or ""))
            elif kind == "thinking":
                builder.thinking(str(block.get("thinking") or ""))
            elif kind == "tool_use":
                call = str(block.get("id") or f"{message.get('uuid')}-{number}")
                builder.call(call, str(block.get("name") or ""), block.get("input"))
                waiting.append(call)
            elif kind == "tool_result" and waiting:
                call = str(block.get("tool_use_id") or waiting[0])
                if call in waiting:
                    waiting.remove(call)
                ok = not block.get("is_error")
                builder.result(call, text_of(block.get("content")), ok=ok)


def _path(conversation: Record) -> list[Record]:
    """The messages from the first to the one that was shown last."""
    mapping = _dict(conversation.get("mapping"))
    node = conversation.get("current_node")
    if node not in mapping:  # the newest leaf
        node = next((n for n in reversed(mapping) if not _dict(mapping[n]).get("children")), None)
    told: list[Record] = []
    seen: set[str] = set()
    while isinstance(node, str) and node in mapping and node not in seen:
        seen.add(node)
        found = _dict(mapping[node])
        if message := _dict(found.get("message")):
            told.append(message)
        node = found.get("parent")
    return told[::-1]


def _last_branch(messages: list[Record]) -> list[Record]:
    """The messages that lead to the last one, where they name their parents."""
    known = {str(m.get("uuid")): m for m in messages}
    if not messages or not any(str(m.get("parent_message_uuid")) in known for m in messages):
        return messages
    told: list[Record] = []
    message: Record | None = messages[-1]
    while message is not None and len(told) <= len(messages):
        told.append(message)
        message = known.get(str(message.get("parent_message_uuid")))
    return told[::-1]


def _said(content: Record) -> str:
    """The text of a message of ChatGPT; what is no text is named."""
    parts = content.get("parts")
    if not isinstance(parts, list):
        return str(content.get("text") or content.get("result") or content.get("content") or "")
    told = []
    for part in parts:
        if isinstance(part, str):
            told.append(part)
        elif isinstance(part, dict):
            what = str(part.get("content_type") or "a part").replace("_asset_pointer", "")
            told.append(str(part.get("text") or _NOT_SHOWN.format(what=what)))
    return "\n".join(text for text in told if text)


def _asked(message: Record) -> str:
    """What was asked of Claude, with the text of what was attached."""
    told = text_of(message.get("content")) or str(message.get("text") or "")
    for attached in _list(message.get("attachments")):
        name = attached.get("file_name") or "a file"
        told += f"\n\n[File {name}]\n{attached.get('extracted_content') or ''}"
    for file in _list(message.get("files")):
        told += "\n" + _NOT_SHOWN.format(what=str(file.get("file_name") or "A file"))
    return told


def _dict(value: Any) -> Record:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Record]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
