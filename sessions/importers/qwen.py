"""Qwen Code: `~/.qwen/projects/<cwd>/chats/<session>.jsonl`, as version 0.24.4 writes it.

Records `{uuid, parentUuid, sessionId, timestamp, type, cwd, message}`, whose `message` is as the
Gemini API has it (`{role, parts}`); results of tools are records of their own, with what was shown
in `toolCallResult`. What the harness notes for itself is of type `system`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, records
from sessions.importers.lineage import Lineage
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus

_REMINDER = "<system-reminder>"


class Qwen:
    """Reads Qwen Code's chats."""

    harness = "qwen"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its keys: Claude Code's records have the same frame, with `content` for `parts`."""
        return (
            path.suffix == ".jsonl"
            and b'"parentUuid"' in head
            and b'"sessionId"' in head
            and (b'"parts":' in head or b'"systemPayload":' in head)
        )

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        builder, lineage = Builder(self.harness, path, path.stem), Lineage()
        for record in records(path):
            builder.at(record.get("timestamp"))
            builder.cwd = builder.cwd or str(record.get("cwd") or "")
            self._take(builder, lineage, record)
            lineage.note(str(record.get("uuid") or ""), builder.turn)
            yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, lineage: Lineage, record: Record) -> None:
        kind, message = record.get("type"), record.get("message")
        if kind == "system" and record.get("subtype") == "chat_compression":
            lineage.cut()
        if kind == "system" and record.get("subtype") == "custom_title":
            payload = record.get("systemPayload")
            builder.title = str(payload.get("title") or "") if isinstance(payload, dict) else ""
        parts = _parts(message)
        if kind == "user" and (said := _said(parts)):
            builder.rewind(lineage.back_to(record.get("parentUuid"), builder.turn))
            builder.user(said)
        elif kind == "assistant":
            builder.model = str(record.get("model") or builder.model)
            self._answer(builder, parts)
            self._usage(builder, record.get("usageMetadata"))
        elif kind == "tool_result":
            self._result(builder, parts, record.get("toolCallResult"))

    def _answer(self, builder: Builder, parts: list[Record]) -> None:
        for part in parts:
            call = part.get("functionCall")
            if isinstance(call, dict):
                builder.call(str(call.get("id", "")), str(call.get("name", "")), call.get("args"))
            elif part.get("thought"):
                builder.thinking(str(part.get("text") or ""))
            else:
                builder.text(str(part.get("text") or ""))

    def _usage(self, builder: Builder, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        told, cached = usage.get("promptTokenCount"), usage.get("cachedContentTokenCount")
        cached = cached if isinstance(cached, int) else 0
        builder.usage(
            input=max(0, told - cached) if isinstance(told, int) else None,
            output=usage.get("candidatesTokenCount"),
            cache_read=cached or None,
        )

    def _result(self, builder: Builder, parts: list[Record], told: Any) -> None:
        told = told if isinstance(told, dict) else {}
        shown = told.get("resultDisplay")
        code = shown.get("exitCode") if isinstance(shown, dict) else None
        status = str(told.get("status") or "success")
        for part in parts:
            response = part.get("functionResponse")
            if not isinstance(response, dict):
                continue
            given = response.get("response")
            given = given if isinstance(given, dict) else {}
            content = given.get("output", given.get("error"))
            text = content if isinstance(content, str) else json.dumps(given, ensure_ascii=False)
            builder.result(
                str(response.get("id", "")),
                text,
                status=_STATUS.get(status, "error" if "error" in given else "ok"),
                exit_code=code if isinstance(code, int) else None,
            )


_STATUS: dict[str, CallStatus] = {"success": "ok", "error": "error", "cancelled": "cancelled"}


def _parts(message: Any) -> list[Record]:
    parts = message.get("parts") if isinstance(message, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _said(parts: list[Record]) -> str:
    """What the user wrote, without what the harness puts before it."""
    texts = (str(part.get("text") or "") for part in parts)
    return "\n".join(text for text in texts if text and not text.lstrip().startswith(_REMINDER))
