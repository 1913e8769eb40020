"""What tools hand over by themselves: pictures and files in a result, under names for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from sessions.api.harvest import ByproductOrigin
from sessions.harvest.draft import slug
from sessions.record import events as ev

_PICTURE = re.compile(r"\.(svg|html?|png|jpe?g|gif|webp)\Z", re.I)
_KEPT = re.compile(r"[0-9a-f]{32}(\.\w{1,5})")
"""What a picture is called under `files/` that came without a name: by its content."""
_PLACES = re.compile(r"\S*[@/\\]\S*")
"""Addresses and paths, which a name made of words would hide from who looks for them."""
_TOLD = ("title", "name", "caption", "prompt", "query", "subject", "description", "text")
"""Arguments that say what a picture is of, the best first."""


def given(call: ev.ToolCall, result: ev.ToolResult, origin: ByproductOrigin) -> Iterator[ev.JSON]:
    """Of each: `kind`, `path` (under `files/`), `origin` and `signals` with its `name`."""
    for number, image in enumerate(result.images):
        path = str(image.get("path") or "")
        name = str(image.get("name") or "") or called(call, PurePath(path).suffix, number)
        yield {"kind": "picture", "path": path, "origin": origin, "signals": {"name": name}}
    told = result.data.get("resources")
    for each in told if isinstance(told, list) else ():
        path = str(each.get("path") or "") if isinstance(each, dict) else ""
        if not path:
            continue
        name = str(each.get("name") or path)
        signals: dict[str, Any] = {"name": name, "kept": True, "given": _tool(call)}
        kind = "picture" if _PICTURE.search(name) else "file"
        yield {"kind": kind, "path": path, "origin": origin, "signals": signals}


def called(call: ev.ToolCall, suffix: str, number: int = 0) -> str:
    """A name for a picture that came without one: the file's that was read, else what the call
    says of it.
    """
    inputs = call.input
    path = next((str(inputs[k]) for k in ("file_path", "filePath", "path") if inputs.get(k)), "")
    if _PICTURE.search(path):
        return PurePath(path).name
    tool = re.sub(r"[_.]+", " ", _tool(call))
    said = next((t for k in _TOLD if isinstance(t := inputs.get(k), str) and t.strip()), "")
    words = " ".join((call.title or tool, "" if said in call.title else said))
    more = f"-{number + 1}" if number else ""
    return f"{slug(words, words=7) if words.strip() else 'picture'}{more}{suffix}"


def shown_name(path: str, asked: str, names: dict[str, str]) -> str:
    """A name for a picture that an answer showed: what was asked for, numbered where there are
    several; "" where its path is one for people already. `names` is added to.
    """
    if (kept := _KEPT.fullmatch(path)) is None:
        return ""
    asked = _PLACES.sub(" ", asked)
    words = slug(asked, words=7) if re.search(r"[a-zA-Z0-9]", asked) else "picture"
    number, name = 1, f"{words}{kept[1]}"
    while names.setdefault(name, path) != path:
        number += 1
        name = f"{words}-{number}{kept[1]}"
    return name


def _tool(call: ev.ToolCall) -> str:
    """A tool's own name, without its server's."""
    return call.name.rpartition("__")[2] or call.name
