"""Claude Code: `~/.claude/projects/<cwd>/<session>.jsonl`, one record a line.

Records carry `type` (user, assistant, system, summary, …), `uuid`, `sessionId`, `timestamp`,
`cwd` and a Messages API `message`. Records of sub-agents (`isSidechain`) and the harness's own
insertions (`isMeta`) are left out. Each record names its parent: where the user went back and asked
otherwise, the turns between are kept as undone.

A sub-agent has a file of its own, `<session>/subagents/agent-<id>.jsonl` (version 2.1.318; before
that beside its session's), with what it was asked for in `agent-<id>.meta.json`: a conversation of
its own, whose parent is the session's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sessions.importers.base import Builder, Record, object_in, records, text_of
from sessions.importers.lineage import Lineage
from sessions.record import events as ev

_USAGE = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
}
_REMINDER = re.compile(r"<(system-reminder|local-command-caveat)>.*?</\1>\s*", re.DOTALL)
_INSERTED = re.compile(
    r"\s*(?:<(?:local-command-\w+|bash-stdout|bash-stderr|user-prompt-submit-hook|"
    r"task-notification)>|\[Request interrupted by user)"
)
_COMMAND = re.compile(r"<command-name>\s*(.*?)\s*</command-name>", re.DOTALL)
_ARGUMENTS = re.compile(r"<command-args>\s*(.*?)\s*</command-args>", re.DOTALL)
_SHELL = re.compile(r"\s*<bash-input>(.*?)</bash-input>", re.DOTALL)


def _said(text: str) -> str:
    """What the user wrote: commands as they were typed, without what the harness puts in."""
    if "<" not in text and "[Request" not in text:
        return text
    text = _REMINDER.sub("", text)
    if _INSERTED.match(text):
        return ""
    if found := _SHELL.match(text):
        return f"!{found[1]}"
    if command := _COMMAND.search(text[:2_000]):
        arguments = _ARGUMENTS.search(text)
        return f"{command[1]} {arguments[1] if arguments else ''}".strip()
    return text


def _is_sub_agent(path: Path) -> bool:
    return path.name.startswith("agent-")


def _about(path: Path) -> Record:
    """What stands beside a sub-agent's file."""
    return object_in(path.with_suffix(".meta.json"))


class ClaudeCode:
    """Reads Claude Code's transcripts."""

    harness = "claude-code"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its keys."""
        return path.suffix == ".jsonl" and b'"sessionId"' in head and b'"type"' in head

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        below = _is_sub_agent(path)
        name = path.stem.removeprefix("agent-") if below else path.stem
        builder, lineage = Builder(self.harness, path, name), Lineage()
        builder.title = str(_about(path).get("description") or "")[:80] if below else ""
        seen: set[str] = set()
        counted: dict[str, Record] = {}
        for record in records(path):
            uuid = str(record.get("uuid", ""))
            if bool(record.get("isSidechain")) != below or (uuid and uuid in seen):
                continue
            seen.add(uuid)
            builder.at(record.get("timestamp"))
            if not builder.cwd:
                builder.cwd = str(record.get("cwd") or "")
            self._take(builder, lineage, record, counted)
            lineage.note(uuid, builder.turn)
            yield from builder.many()
        builder.finish()
        yield from builder.take()

    def above(self, path: Path) -> tuple[Path, str] | None:
        """For a sub-agent's file: its session's, and the call that began it."""
        if not _is_sub_agent(path):
            return None
        call = str(_about(path).get("toolUseId") or "")
        if path.parent.name == "subagents":
            return path.parent.parent.with_suffix(".jsonl"), call
        session = next((str(r["sessionId"]) for r in records(path) if r.get("sessionId")), "")
        return (path.with_name(f"{session}.jsonl"), call) if session else None

    def _take(
        self, builder: Builder, lineage: Lineage, record: Record, counted: dict[str, Record]
    ) -> None:
        kind, message = record.get("type"), record.get("message")
        if record.get("subtype") == "compact_boundary":
            lineage.cut()
        if kind == "summary" and not builder.title:
            builder.title = str(record.get("summary", ""))[:80]
        if not isinstance(message, dict):
            return
        if kind == "user":
            self._user(builder, lineage, record, message)
        elif kind == "assistant":
            self._usage(builder, message, counted)
            self._assistant(builder, message)

    def _user(self, builder: Builder, lineage: Lineage, record: Record, message: Record) -> None:
        content = message.get("content")
        for block in content if isinstance(content, list) else []:
            if isinstance(block, dict) and block.get("type") == "tool_result":
                outcome = record.get("toolUseResult")
                code = outcome.get("exitCode") if isinstance(outcome, dict) else None
                builder.result(
                    str(block.get("tool_use_id", "")),
                    text_of(block.get("content")),
                    ok=not block.get("is_error"),
                    exit_code=code,
                )
        if record.get("isMeta"):
            return
        if record.get("isCompactSummary"):
            builder.compacted(text_of(content))
            lineage.cut()
            return
        if (said := _said(text_of(content))).strip():
            # Old versions name no parents at all.
            if "parentUuid" in record:
                builder.rewind(lineage.back_to(record["parentUuid"], builder.turn))
            builder.user(said)

    def _usage(self, builder: Builder, message: Record, counted: dict[str, Record]) -> None:
        """Each block of an answer is a record of its own, and each tells the usage of all."""
        usage = message.get("usage")
        if not isinstance(usage, dict):
            return
        before = counted.get(str(message.get("id") or ""), {})
        told = {name: usage.get(key) for name, key in _USAGE.items()}
        more = {n: max(0, c - before.get(n, 0)) for n, c in told.items() if isinstance(c, int)}
        builder.usage(**more)
        if message.get("id"):
            counted.clear()
            counted[str(message["id"])] = {n: c for n, c in told.items() if isinstance(c, int)}

    def _assistant(self, builder: Builder, message: Record) -> None:
        builder.model = str(message.get("model") or builder.model)
        content = message.get("content")
        if isinstance(content, str):
            builder.text(content)
        for block in content if isinstance(content, list) else []:
            if not isinstance(block, dict):
                continue
            kind = block.get("type")
            if kind == "text":
                builder.text(str(block.get("text", "")))
            elif kind == "thinking":
                builder.thinking(str(block.get("thinking", "")))
            elif kind == "tool_use":
                builder.call(
                    str(block.get("id", "")), str(block.get("name", "")), block.get("input")
                )
