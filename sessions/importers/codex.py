"""Codex: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`, records `{timestamp, type, payload}`.

`response_item` payloads are what the model saw and said; `event_msg` tells exit codes. What
the harness itself puts in front (AGENTS.md, environment) comes as user messages in tags and
is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, records, text_of
from sessions.record import events as ev

_INSERTED = re.compile(
    r"^\s*(<(environment_context|user_instructions|permissions|INSTRUCTIONS|turn_aborted)|"
    r"# AGENTS\.md instructions)"
)

_CODE = re.compile(r"^(?:Exit code:|Process exited with code) (-?\d+)\s*$", re.MULTILINE)
_HEAD = 400


class Codex:
    """Reads Codex's rollouts."""

    harness = "codex"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its first record."""
        return path.suffix == ".jsonl" and (
            b'"session_meta"' in head or (b'"payload"' in head and b'"response_item"' in head)
        )

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        builder = Builder(self.harness, path)
        codes: dict[str, int] = {}
        for record in records(path):
            payload = record.get("payload")
            if not isinstance(payload, dict):
                continue
            builder.at(record.get("timestamp"))
            self._take(builder, str(record.get("type")), payload, codes)
            yield from builder.take()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, kind: str, payload: Record, codes: dict[str, int]) -> None:
        if kind == "session_meta":
            builder.cwd = str(payload.get("cwd") or "")
            builder._source["id"] = str(payload.get("id") or "")
        elif kind == "turn_context":
            builder.model = str(payload.get("model") or builder.model)
        elif kind == "compacted":
            builder.compacted(str(payload.get("message") or ""))
        elif kind == "event_msg" and payload.get("type") == "exec_command_end":
            if isinstance(payload.get("exit_code"), int):
                codes[str(payload.get("call_id"))] = payload["exit_code"]
        elif kind == "response_item":
            self._item(builder, payload, codes)

    def _item(self, builder: Builder, item: Record, codes: dict[str, int]) -> None:
        kind, call = item.get("type"), str(item.get("call_id", ""))
        if kind == "message":
            text = text_of(item.get("content"))
            if item.get("role") == "assistant":
                builder.text(text)
            elif item.get("role") == "user" and not _INSERTED.match(text):
                builder.user(text)
        elif kind == "reasoning":
            builder.thinking(text_of(item.get("summary")) or text_of(item.get("content")))
        elif kind in ("function_call", "custom_tool_call", "local_shell_call"):
            given = item.get("arguments", item.get("input", item.get("action")))
            builder.call(call, str(item.get("name") or kind), _parsed(given))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            output, code = _output(item.get("output"))
            code = codes.get(call, _told_code(output) if code is None else code)
            builder.result(call, output, ok=not code, exit_code=code)


def _parsed(given: Any) -> Any:
    if isinstance(given, str):
        try:
            return json.loads(given)
        except ValueError:
            return {"input": given}
    return given


def _told_code(output: str) -> int | None:
    """The exit code where the output tells it itself, at its beginning."""
    found = _CODE.search(output[:_HEAD])
    return int(found[1]) if found else None


def _output(output: Any) -> tuple[str, int | None]:
    """A result's text and exit code; older files wrap both into a JSON string."""
    if isinstance(output, str) and output.startswith('{"output"'):
        try:
            data = json.loads(output)
        except ValueError:
            return output, None
        code = (data.get("metadata") or {}).get("exit_code")
        return str(data.get("output", "")), code if isinstance(code, int) else None
    if isinstance(output, dict):
        return text_of(output.get("content")), None
    return text_of(output), None
