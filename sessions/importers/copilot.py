"""GitHub Copilot CLI: `~/.copilot/session-state/<id>/events.jsonl`, as version 1.0.102 writes it.

Events `{type, data, id, timestamp, parentId}`: `session.start` (with the folder), `user.message`,
`assistant.message` (text and the calls that it asks for), `tool.execution_complete`, `abort`. After
a rewind the next message's `parentId` is an event before what was taken back;
`session.snapshot_rewind` names the first event that went in `upToEventId` (the schema of the
program's public SDK).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, records
from sessions.importers.lineage import Lineage
from sessions.record import events as ev

_DENIED = "denied"


class Copilot:
    """Reads Copilot CLI's events."""

    harness = "copilot"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its first event."""
        return (
            path.suffix == ".jsonl"
            and b'"session.start"' in head[:4096]
            and b'"copilotVersion"' in head[:4096]
        )

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        builder, lineage = Builder(self.harness, path, path.parent.name), Lineage()
        for record in records(path):
            builder.at(record.get("timestamp"))
            data, kind = record.get("data"), str(record.get("type"))
            if isinstance(data, dict):
                self._back(builder, lineage, record, data)
                self._take(builder, kind, data)
            lineage.note(str(record.get("id") or ""), builder.turn)
            yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _back(self, builder: Builder, lineage: Lineage, record: Record, data: Record) -> None:
        """Mark what its user has rewound."""
        kind = record.get("type")
        if kind == "session.snapshot_rewind":
            builder.rewind(lineage.turn_of(data.get("upToEventId")))
            lineage.cut()
        elif kind in ("session.truncation", "session.compaction_complete"):
            lineage.cut()
        elif kind == "user.message" and not data.get("agentId") and record.get("parentId"):
            builder.rewind(lineage.back_to(record["parentId"], builder.turn))

    def _take(self, builder: Builder, kind: str, data: Record) -> None:
        if kind == "session.start":
            context = data.get("context")
            builder.cwd = str(context.get("cwd") or "") if isinstance(context, dict) else ""
        elif kind == "session.model_change":
            builder.model = str(data.get("newModel") or builder.model)
        elif kind == "user.message" and not data.get("agentId"):
            builder.user(str(data.get("content") or ""))
        elif kind == "assistant.reasoning":
            builder.thinking(str(data.get("content") or ""))
        elif kind == "assistant.message" and not data.get("parentToolCallId"):
            self._answer(builder, data)
        elif kind == "permission.completed":
            result = data.get("result")
            if isinstance(result, dict) and str(result.get("kind")).startswith(_DENIED):
                builder.result(str(data.get("toolCallId")), "", status="denied")
        elif kind == "tool.execution_complete":
            self._result(builder, data)
        elif kind == "session.usage_record" and isinstance(data.get("usage"), dict):
            self._usage(builder, data["usage"])
        elif kind == "abort":
            builder.interrupted()

    def _answer(self, builder: Builder, data: Record) -> None:
        builder.model = str(data.get("model") or builder.model)
        builder.thinking(str(data.get("reasoningText") or ""))
        builder.text(str(data.get("content") or ""))
        asked = data.get("toolRequests")
        for call in asked if isinstance(asked, list) else []:
            if isinstance(call, dict):
                number = str(call.get("toolCallId", ""))
                builder.call(number, str(call.get("name", "")), call.get("arguments"))

    def _result(self, builder: Builder, data: Record) -> None:
        result: Any = data.get("result")
        error: Any = data.get("error")
        told = result if isinstance(result, dict) else error if isinstance(error, dict) else {}
        shell = data.get("shellExecution")
        code = shell.get("exitCode") if isinstance(shell, dict) else None
        builder.result(
            str(data.get("toolCallId", "")),
            str(told.get("content") or told.get("message") or ""),
            ok=data.get("success") is True and not code,
            exit_code=code if isinstance(code, int) else None,
        )

    def _usage(self, builder: Builder, usage: Record) -> None:
        if builder.turn:
            builder.usage(
                input=usage.get("inputTokens"),
                output=usage.get("outputTokens"),
                cache_read=usage.get("cacheReadTokens") or None,
                cache_write=usage.get("cacheWriteTokens") or None,
            )
