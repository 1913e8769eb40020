"""Gemini CLI: `~/.gemini/tmp/<project>/chats/session-*.jsonl` (older: one `.json`).

A header, then records `{id, timestamp, type, content, toolCalls, thoughts, tokens}`. Control
lines `{"$set": …}` change the header, `{"$rewindTo": id}` takes back what came after `id`, so
a file is read whole before it is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from sessions.importers.base import MAX_LINE, Builder, Record, record_of, text_of, value_of
from sessions.record import events as ev

_CODE = re.compile(r"^Exit Code: (-?\d+)\s*$", re.MULTILINE)


class _Call(TypedDict, total=False):
    """What is read of a call. `result` says again what is shown: it is kept as it stands."""

    id: Any
    name: Any
    args: Any
    status: Any
    resultDisplay: Any
    result: msgspec.Raw


class _Told(TypedDict, total=False):
    """What is read of a message; nothing is made of all else."""

    id: Any
    timestamp: Any
    type: Any
    content: Any
    model: Any
    thoughts: Any
    tokens: Any
    toolCalls: list[_Call]


_told: msgspec.json.Decoder[Record] = msgspec.json.Decoder(_Told)


class Gemini:
    """Reads Gemini CLI's chats."""

    harness = "gemini"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its header."""
        return path.suffix in (".jsonl", ".json") and (
            b'"projectHash"' in head or (b'"startTime"' in head and b'"sessionId"' in head)
        )

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events."""
        header, messages = _load(path)
        builder = Builder(self.harness, path, str(header.get("sessionId") or path.stem))
        folders = header.get("directories")
        if isinstance(folders, list) and folders:
            builder.cwd = str(folders[0])
        builder.cwd = builder.cwd or _root(path)
        builder.at(header.get("startTime"))
        for message in messages:
            builder.at(message.get("timestamp"))
            kind = message.get("type")
            if kind == "user":
                builder.user(text_of(message.get("content")))
            elif kind == "gemini":
                self._answer(builder, message)
            yield from builder.many()
        builder.finish()
        yield from builder.take()

    def _answer(self, builder: Builder, message: Record) -> None:
        builder.model = str(message.get("model") or builder.model)
        for thought in _list(message.get("thoughts")):
            if isinstance(thought, dict):
                said = (thought.get("subject"), thought.get("description"))
                builder.thinking("\n".join(str(part) for part in said if part))
        builder.text(text_of(message.get("content")))
        for call in _list(message.get("toolCalls")):
            if not isinstance(call, dict):
                continue
            number = str(call.get("id", ""))
            builder.call(number, str(call.get("name", "")), call.get("args"))
            code = _told_code(call)
            ok = call.get("status") in ("success", None) and not code
            builder.result(number, _result(call), ok=ok, exit_code=code)
        tokens = message.get("tokens")
        if isinstance(tokens, dict):
            builder.usage(
                input=tokens.get("input"),
                output=tokens.get("output"),
                cache_read=tokens.get("cached"),
            )


def _root(path: Path) -> str:
    """The project's folder, which stands beside its chats and in none of them."""
    try:
        told = (path.parent.parent / ".project_root").read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
    return told if told.startswith("/") and "\n" not in told else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _load(path: Path) -> tuple[Record, Iterable[Record]]:
    """The header, and the messages that hold.

    Most of these are kept as their lines, parts of the file as it was read, until they are told:
    all of them made at once take several times the memory, and the collector looks through it
    again and again.
    """
    if path.suffix == ".json":
        try:
            data = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return {}, []
        found = data.get("messages") if isinstance(data, dict) else None
        return (data, [m for m in found if isinstance(m, dict)]) if found else ({}, [])
    header: Record = {}
    messages: list[memoryview | Record] = []
    data, end = path.read_bytes(), 0
    whole, find = memoryview(data), data.find
    while (start := end) < len(data):
        end = find(b"\n", start) + 1 or len(data)
        if end - start > MAX_LINE:
            continue
        # A header may have a type within it; messages name no session.
        if (
            find(b"$", start, end) < 0
            and find(b'"sessionId"', start, end) < 0
            and find(b'"type"', start, end) >= 0
        ):
            messages.append(whole[start:end])
        elif (record := record_of(data[start:end])) is None:
            continue
        elif isinstance(record.get("$set"), dict):
            header.update(record["$set"])
        elif "$rewindTo" in record:
            messages = _back(messages, record["$rewindTo"])
        elif "sessionId" in record and "type" not in record:
            header.update(record)
        else:
            messages.append(record)
    return header, _complete(messages)


def _back(messages: Iterable[memoryview | Record], to: Any) -> list[memoryview | Record]:
    """The messages before one of them; all, if it is none."""
    there = list(_complete(messages))
    ids = [message.get("id") for message in there]
    return [*there[: ids.index(to)]] if to in ids else [*there]


def _complete(messages: Iterable[memoryview | Record]) -> Iterator[Record]:
    """The messages, each as it was told last: it is told again when it is complete."""
    last: Record | None = None
    for told in messages:
        message = _message(told) if isinstance(told, memoryview) else told
        if message is None:
            continue
        if last is not None and message.get("id") != last.get("id"):
            yield last
        last = message
    if last is not None:
        yield last


def _message(line: memoryview) -> Record | None:
    try:
        return _told.decode(line)
    except (ValueError, RecursionError):  # none, or its calls are not what they should be
        return record_of(bytes(line))


def _result(call: Record) -> str:
    shown: Any = call.get("resultDisplay")
    if isinstance(shown, str):
        return shown
    return "\n".join(_responses(call))


def _told_code(call: Record) -> int | None:
    """The exit code of a command: the model is told it, among the lines around the output."""
    if call.get("name") != "run_shell_command":
        return None
    raw = call.get("result")
    if isinstance(raw, msgspec.Raw) and b"Exit Code" not in memoryview(raw).tobytes():
        return None
    told = "\n".join(_responses(call))
    found = _CODE.findall(told) if "Exit Code" in told else []
    return int(found[-1]) if found else None


def _responses(call: Record) -> list[str]:
    parts, result = [], call.get("result")
    if isinstance(result, msgspec.Raw):
        result = value_of(memoryview(result).tobytes())
    for part in _list(result):
        response = (part.get("functionResponse") or {}).get("response") if part else None
        if isinstance(response, dict):
            parts.append(str(response.get("output", json.dumps(response))))
    return parts
