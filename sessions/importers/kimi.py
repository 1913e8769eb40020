"""Kimi: `wire.jsonl` of Kimi Code (version 2.1.0) and of kimi-cli before it (wire protocol 1.x).

Kimi Code keeps `~/.kimi-code/sessions/<folder>/<session>/agents/main/wire.jsonl`, made by the real
program: `turn.prompt`, `context.append_loop_event` with parts, calls and results, `usage.record`,
`turn.ended`; what was taken back (`context.undo`, so many messages) is kept as undone; the folder
stands in `state.json` two folders above. Its sub-agents have a wire of
their own, which is left out. kimi-cli kept `~/.kimi/sessions/<hash>/<session>/wire.jsonl` with
`{timestamp, message: {type, payload}}`, made by version 1.48.0, and read by the public description
of its messages too (kimi_cli/wire/types.py, June 2026). `<hash>` is the MD5 of the folder, which
`~/.kimi/kimi.json` has among others; `context.jsonl` beside it holds the same for the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, object_in, records, text_of
from sessions.record import events as ev

_MOST = 2**20
_CONTEXT = "context.jsonl"


class Kimi:
    """Reads Kimi's wires."""

    harness = "kimi"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its name and its first line."""
        if path.name == _CONTEXT:
            return path.with_name("wire.jsonl").exists()
        first = head.split(b"\n", 1)[0]
        return path.name == "wire.jsonl" and b'"protocol_version"' in first

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        if path.name == _CONTEXT:  # the wire tells it
            return
        agent, home = path.parent, path.parent.parent
        ours = home.name == "agents"
        if ours and agent.name != "main":
            return
        folder = home.parent if ours else agent
        state = object_in(folder / "state.json", _MOST)
        builder = Builder(self.harness, path, str(state.get("id") or folder.name))
        builder.cwd = str(state.get("cwd") or ("" if ours else _folder_of(home)))
        builder.title = str(state.get("title") or "") if state.get("isCustomTitle") else ""
        standing: list[int] = []
        for record in records(path):
            builder.at(record.get("time") or record.get("timestamp") or record.get("created_at"))
            message = record.get("message")
            if isinstance(message, dict) and isinstance(message.get("payload"), dict):
                self._older(builder, str(message.get("type")), message["payload"])
            else:
                self._take(builder, record, standing)
            yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, record: Record, standing: list[int]) -> None:
        """`standing`: the turns that were not taken back."""
        kind = record.get("type")
        if kind in ("turn.prompt", "turn.steer") and _by_user(record):
            before = builder.turn
            builder.user(text_of(record.get("input")))
            standing += range(before + 1, builder.turn + 1)
        elif kind == "context.undo":
            count = record.get("count")
            if type(count) is int and 0 < count <= len(standing):
                builder.rewind(standing[-count])
                del standing[-count:]
        elif kind == "context.apply_compaction":
            builder.compacted(_summary(record))
        elif kind == "llm.request":
            builder.model = str(record.get("model") or builder.model)
        elif kind == "context.append_loop_event" and isinstance(record.get("event"), dict):
            self._event(builder, record["event"])
        elif kind == "usage.record":
            _usage(
                builder, record.get("usage"), "inputOther", "inputCacheRead", "inputCacheCreation"
            )
        elif kind == "turn.ended" and record.get("reason") in ("cancelled", "interrupted"):
            builder.interrupted()

    def _event(self, builder: Builder, event: Record) -> None:
        kind, part, result = event.get("type"), event.get("part"), event.get("result")
        if kind == "content.part" and isinstance(part, dict):
            self._part(builder, part)
        elif kind == "tool.call":
            builder.call(
                str(event.get("toolCallId", "")), str(event.get("name", "")), event.get("args")
            )
        elif kind == "tool.result" and isinstance(result, dict):
            builder.result(
                str(event.get("toolCallId", "")),
                _words(result.get("output")),
                ok=not result.get("isError"),
            )

    def _part(self, builder: Builder, part: Record) -> None:
        if part.get("type") == "think":
            builder.thinking(str(part.get("think") or ""))
        elif part.get("type") == "text":
            builder.text(str(part.get("text") or ""))

    def _older(self, builder: Builder, kind: str, payload: Record) -> None:
        if kind in ("TurnBegin", "SteerInput"):
            builder.user(text_of(payload.get("user_input")))
        elif kind == "ContentPart":
            self._part(builder, payload)
        elif kind == "ToolCall" and isinstance(payload.get("function"), dict):
            function = payload["function"]
            given = _json(function.get("arguments"))
            builder.call(str(payload.get("id", "")), str(function.get("name", "")), given)
        elif kind == "ToolResult" and isinstance(payload.get("return_value"), dict):
            value = payload["return_value"]
            said = _words(value.get("output")) or str(value.get("message") or "")
            ok = not value.get("is_error")
            builder.result(str(payload.get("tool_call_id", "")), said, ok=ok)
        elif kind == "StatusUpdate":
            usage = payload.get("token_usage")
            _usage(builder, usage, "input_other", "input_cache_read", "input_cache_creation")
        elif kind == "StepInterrupted":
            builder.interrupted()


def _folder_of(hashed: Path) -> str:
    """The folder whose sessions kimi-cli keeps there, or ""."""
    known = object_in(hashed.parent.parent / "kimi.json", _MOST).get("work_dirs")
    for row in known if isinstance(known, list) else ():
        path = str(row.get("path") or "") if isinstance(row, dict) else ""
        name = hashlib.md5(path.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        if path and hashed.name == name:
            return path
    return ""


def _summary(record: Record) -> str:
    given = record.get("summary") or record.get("contextSummary")
    return text_of(given.get("content")) if isinstance(given, dict) else str(given or "")


def _by_user(record: Record) -> bool:
    origin = record.get("origin")
    return not isinstance(origin, dict) or origin.get("kind") in (None, "user")


def _usage(builder: Builder, usage: Any, fresh: str, read: str, written: str) -> None:
    if isinstance(usage, dict) and builder.turn:
        builder.usage(
            input=usage.get(fresh),
            output=usage.get("output"),
            cache_read=usage.get(read) or None,
            cache_write=usage.get(written) or None,
        )


def _words(output: Any) -> str:
    return output if isinstance(output, str) else text_of(output)


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return text
