"""Codex: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`, records `{timestamp, type, payload}`.

As the versions up to 0.171.0 write them. `response_item` payloads are what the model saw and said;
`event_msg` tells exit codes, what was completed (`item_completed`) and how a turn ended;
`token_usage_record` counts one answer, where older ones have sums (`token_count`). What the harness
itself puts in front (AGENTS.md, environment) comes as user messages in tags and is left out, and so
are `world_state` and rollouts of sub-agents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, records, text_of, value_of
from sessions.record import events as ev

_INSERTED = re.compile(
    r"^\s*(<(environment_context|user_instructions|permissions|INSTRUCTIONS|turn_aborted)|"
    r"# AGENTS\.md instructions)"
)

_CODE = re.compile(r"^(?:Exit code:|Process exited with code) (-?\d+)\s*$", re.MULTILINE)
_REFUSED = re.compile(
    r"(exec command|patch|command|apply_patch)? ?rejected by (the )?user|"
    r"approval policy is \w+; reject command",
    re.IGNORECASE,
)
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
        reading = _Reading(Builder(self.harness, path))
        for record in records(path):
            payload = record.get("payload")
            if not isinstance(payload, dict):
                continue
            reading.builder.at(record.get("timestamp"))
            if not reading.take(str(record.get("type")), payload):
                return
            yield from reading.builder.many()
        reading.builder.finish()
        yield from reading.builder.take()


class _Reading:
    """One rollout, as far as it is read."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._known = False
        self._codes: dict[str, int] = {}
        self._declined: set[str] = set()
        self._said: dict[str, str] = {}
        """Text that was completed, by its item: an answer that was cut off has no other record."""
        self._told: set[str] = set()
        self._recorded = False
        self._sums: dict[str, int] = {}

    def take(self, kind: str, payload: Record) -> bool:
        """Take a record in; False if the rollout is a sub-agent's."""
        builder = self.builder
        if kind == "session_meta" and not self._known:  # a fork has its parent's after its own
            self._known = True
            if isinstance(payload.get("source"), dict) and "subagent" in payload["source"]:
                return False
            builder.cwd = str(payload.get("cwd") or "")
            builder._source["id"] = str(payload.get("id") or "")
        elif kind == "turn_context":
            builder.model = str(payload.get("model") or builder.model)
        elif kind == "compacted":
            builder.compacted(str(payload.get("message") or ""))
        elif kind == "token_usage_record":
            self._recorded = True
            self._counted(payload.get("usage"))
        elif kind == "event_msg":
            self._event(str(payload.get("type")), payload)
        elif kind == "response_item":
            self._item(payload)
        return True

    def _event(self, kind: str, payload: Record) -> None:
        if kind == "exec_command_end" and isinstance(payload.get("exit_code"), int):
            self._codes[str(payload.get("call_id"))] = payload["exit_code"]
        elif kind == "item_completed" and isinstance(payload.get("item"), dict):
            self._completed(payload["item"])
        elif kind == "token_count" and not self._recorded:
            info = payload.get("info")
            self._summed(info.get("total_token_usage") if isinstance(info, dict) else None)
        elif kind == "turn_aborted":
            self._rest()
            self.builder.interrupted()
        elif kind in ("task_complete", "turn_complete"):
            self._rest()

    def _completed(self, item: Record) -> None:
        kind, number = item.get("type"), str(item.get("id") or "")
        if kind == "CommandExecution":
            if isinstance(item.get("exit_code"), int):
                self._codes[number] = item["exit_code"]
            if item.get("status") == "declined":
                self._declined.add(number)
        elif kind == "AgentMessage" and number not in self._told:
            self._said[number] = text_of(item.get("content"))

    def _rest(self) -> None:
        """What was completed and stands nowhere else."""
        for text in self._said.values():
            self.builder.text(text)
        self._said.clear()
        self._told.clear()

    def _counted(self, usage: Any) -> None:
        if isinstance(usage, dict):
            given, cached = usage.get("input_tokens"), usage.get("cached_input_tokens")
            cached = cached if isinstance(cached, int) else 0
            self.builder.usage(
                input=max(0, given - cached) if isinstance(given, int) else None,
                output=usage.get("output_tokens"),
                cache_read=cached or None,
            )

    def _summed(self, usage: Any) -> None:
        """A sum of the whole conversation: what is more than the one before belongs to the turn."""
        if not isinstance(usage, dict):
            return
        names = ("input_tokens", "cached_input_tokens", "output_tokens")
        sums = {name: usage[name] for name in names if isinstance(usage.get(name), int)}
        self._counted({name: total - self._sums.get(name, 0) for name, total in sums.items()})
        self._sums = sums

    def _item(self, item: Record) -> None:
        builder = self.builder
        kind, call = item.get("type"), str(item.get("call_id", ""))
        if kind == "message":
            text = text_of(item.get("content"))
            if item.get("role") == "assistant":
                number = str(item.get("id") or "")
                self._said.pop(number, None)
                self._told.add(number)
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
            code = self._codes.get(call, _told_code(output) if code is None else code)
            refused = call in self._declined or _REFUSED.match(output)
            builder.result(
                call, output, ok=not code, status="denied" if refused else None, exit_code=code
            )


def _parsed(given: Any) -> Any:
    if isinstance(given, str):
        try:
            return value_of(given)
        except ValueError:
            return {"input": given}
    return given


def _told_code(output: str) -> int | None:
    """The exit code where the output tells it itself, at its beginning."""
    head = output[:_HEAD]
    found = _CODE.search(head) if "code" in head else None
    return int(found[1]) if found else None


def _output(output: Any) -> tuple[str, int | None]:
    """A result's text and exit code; older files wrap both into a JSON string."""
    if isinstance(output, str) and output.startswith('{"output"'):
        try:
            data = value_of(output)
        except ValueError:
            return output, None
        code = (data.get("metadata") or {}).get("exit_code")
        return str(data.get("output", "")), code if isinstance(code, int) else None
    if isinstance(output, dict):
        return text_of(output.get("content")), None
    return text_of(output), None
