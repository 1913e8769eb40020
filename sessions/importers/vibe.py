"""Mistral Vibe: `~/.vibe/logs/session/unified/<id>/`, as version 3.0.2 writes it.

`meta.json` names the folder and the title; `CURRENT` the generation, whose `manifest.json` lists
chunks with the conversation's entries; what came since stands in the journal segment that it
names, as operations on them. Entries are messages (what was interrupted is `discarded`) and
effects, which are calls with their results. The chunks and the rest of that folder are no
conversations themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions.importers.base import Builder, Record, object_in, records, text_of, value_in
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus

_PARTS = ("chunks", "generations", "journal", "active")
_ENDED: dict[str, CallStatus] = {
    "completed": "ok",
    "failed": "error",
    "cancelled": "cancelled",
    "denied": "denied",
}


class Vibe:
    """Reads Vibe's sessions."""

    harness = "vibe"

    def claims(self, path: Path, head: bytes) -> bool:
        """A session's own file, or one of its parts, which are nobody else's."""
        if path.suffix not in (".json", ".jsonl"):
            return False
        if path.name == "meta.json":
            return b'"session_id"' in head and b'"environment"' in head
        return any(
            parent.name in _PARTS and (parent.parent / "CURRENT").is_file()
            for parent in list(path.parents)[:2]
        )

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        meta = object_in(path) if path.name == "meta.json" else {}
        if not meta:
            return
        builder = Builder(self.harness, path, str(meta.get("session_id") or path.parent.name))
        where = meta.get("environment")
        builder.cwd = str(where.get("working_directory") or "") if isinstance(where, dict) else ""
        if meta.get("title_source") == "user":
            builder.title = str(meta.get("title") or "")
        config = meta.get("config")
        builder.model = str(config.get("model_name") or "") if isinstance(config, dict) else ""
        builder.at(meta.get("start_time"))
        cut = ""
        for entry in _entries(path.parent):
            if entry.get("turnId") != cut:
                cut = ""
            builder.at(entry.get("createdAt"))
            self._take(builder, entry)
            outcome = entry.get("outcome")
            if isinstance(outcome, dict) and outcome.get("cause") == "interrupt" and not cut:
                cut = str(entry.get("turnId"))
                builder.interrupted()
            yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _take(self, builder: Builder, entry: Record) -> None:
        kind, role = entry.get("type"), entry.get("role")
        if kind == "message" and role == "user":
            builder.user(text_of(entry.get("content")))
        elif kind == "message" and role == "assistant":
            builder.text(text_of(entry.get("content")))
        elif kind == "reasoning":
            builder.thinking(text_of(entry.get("content")))
        elif kind == "effect":
            self._effect(builder, entry)

    def _effect(self, builder: Builder, entry: Record) -> None:
        detail, state = entry.get("detail"), entry.get("state")
        if not isinstance(detail, dict) or not isinstance(state, dict):
            return
        number = str(entry.get("id", ""))
        builder.call(number, str(detail.get("toolName") or detail.get("kind")), detail.get("input"))
        given = state.get("output")
        output: Record = given if isinstance(given, dict) else {}
        structured: Any = output.get("structured_content")
        said = str(state.get("outputText") or "") or text_of(output.get("content"))
        if not said and structured is not None:
            said = json.dumps(structured, ensure_ascii=False)
        status = _ENDED.get(str(state.get("status")), "unknown")
        if state.get("decision") not in (None, "execute"):
            status = "denied"
        elif output.get("type") == "error":
            status = "error"
        code = structured.get("exit_code") if isinstance(structured, dict) else None
        builder.result(number, said, status=status, exit_code=code)


def _entries(folder: Path) -> Iterator[Record]:
    """The conversation's entries in order, each as it is by now."""
    current = object_in(folder / "CURRENT")
    generation = folder / "generations" / _name(current.get("generation"))
    manifest = object_in(generation / "manifest.json")
    projection = manifest.get("projection_state")
    told = projection.get("chunks") if isinstance(projection, dict) else None
    found: dict[str, Record] = {}
    for chunk in told if isinstance(told, list) else []:
        for kept in _list(folder / "chunks" / f"{_name(chunk)}.json"):
            found[str(kept.get("id"))] = kept
    segment = manifest.get("recovery_journal_segment")
    path = segment.get("path") if isinstance(segment, dict) else None
    journal = folder / "journal" / _name(str(path or "").rpartition("/")[2])
    if path and journal.is_file():
        for record in records(journal):
            payload = record.get("payload")
            delta = payload.get("delta") if isinstance(payload, dict) else None
            for change in delta if isinstance(delta, list) else []:
                entry = change.get("entry") if isinstance(change, dict) else None
                if isinstance(entry, dict):
                    found[str(entry.get("id"))] = entry
    return iter(found.values())


def _name(given: Any) -> str:
    """One name within a folder; what would lead elsewhere is none."""
    name = str(given or "")
    return "none" if not name or "/" in name or name in (".", "..") else name


def _list(path: Path) -> list[Record]:
    found = value_in(path)
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []
