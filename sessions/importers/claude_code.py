"""Claude Code: `~/.claude/projects/<cwd>/<session>.jsonl`, one record a line.

Records carry `type` (user, assistant, system, summary, …), `uuid`, `sessionId`, `timestamp`,
`cwd` and a Messages API `message`. Records of sub-agents (`isSidechain`) and the harness's own
insertions (`isMeta`) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sessions import events as ev
from sessions.importers.base import Builder, Record, records, text_of


class ClaudeCode:
    """Reads Claude Code's transcripts."""

    harness = "claude-code"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its keys."""
        return path.suffix == ".jsonl" and b'"sessionId"' in head and b'"type"' in head

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        builder = Builder(self.harness, path, path.stem)
        seen: set[str] = set()
        for record in records(path):
            uuid = str(record.get("uuid", ""))
            if record.get("isSidechain") or (uuid and uuid in seen):
                continue
            seen.add(uuid)
            builder.at(record.get("timestamp"))
            builder.cwd = builder.cwd or str(record.get("cwd") or "")
            self._take(builder, record)
            yield from builder.take()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, record: Record) -> None:
        kind, message = record.get("type"), record.get("message")
        if kind == "summary" and not builder.title:
            builder.title = str(record.get("summary", ""))[:80]
        if not isinstance(message, dict):
            return
        if kind == "user":
            self._user(builder, record, message)
        elif kind == "assistant":
            self._assistant(builder, message)

    def _user(self, builder: Builder, record: Record, message: Record) -> None:
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
            return
        builder.user(text_of(content))

    def _assistant(self, builder: Builder, message: Record) -> None:
        builder.model = str(message.get("model") or builder.model)
        usage = message.get("usage")
        if isinstance(usage, dict):
            builder.usage(
                input=usage.get("input_tokens"),
                output=usage.get("output_tokens"),
                cache_read=usage.get("cache_read_input_tokens"),
                cache_write=usage.get("cache_creation_input_tokens"),
            )
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
