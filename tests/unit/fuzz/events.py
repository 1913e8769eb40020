"""One good event of every type, to be made bad."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from sessions.record import codec
from sessions.record import events as ev

_PLAIN: dict[str, Any] = {"str": "words", "int": 1, "float": 1.0, "bool": True, "JSON": {"a": "b"}}


def _value(name: str, kind: str) -> Any:
    if name == "reason":
        return "end_turn"
    if name == "usage":
        return {"input": 3, "output": 4}
    if name == "mcp":
        return {"a": True}
    if name in ("state", "status"):
        return "ok"
    if name in ("turn", "seq", "code", "exit"):
        return 1
    if "list[str]" in kind:
        return ["a"]
    if "list" in kind:
        return [{"id": "a", "text": "b", "ask": "c", "name": "d", "title": "t", "status": "done"}]
    for plain, value in _PLAIN.items():
        if kind.startswith(plain):
            return value
    return {"a": "b"}


def _words(hint: Any) -> str:
    """A field's type in the words of `_PLAIN`."""
    words = getattr(hint, "__name__", "") if isinstance(hint, type) else str(hint)
    words = re.sub(r"typing\.Annotated\[(\w+), .*?\)\]", r"\1", words)
    return words.replace("dict[str, typing.Any]", "JSON")


def one_of_each() -> list[dict[str, Any]]:
    """Every event type's JSON, `session.created` first, numbered from 1."""
    found: list[dict[str, Any]] = []
    for cls in ev.TYPES.values():
        fields = {
            f.name: _value(f.name, _words(f.type))
            for f in msgspec.structs.fields(cls)
            if f.name not in ("seq", "at")
        }
        event = cls(seq=1, at="2026-11-23T10:00:00.000Z", **fields)
        found.append(codec.to_json(event))
    found.sort(key=lambda e: e["type"] != "session.created")
    return [{**event, "seq": number} for number, event in enumerate(found, 1)]
