"""Files that a tool gives: resources of MCP servers and agents, kept under `files/` with a name.

They are kept as they came, by their content; the name is for people. Bounded, never followed: a
link to something elsewhere is no file.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from sessions.record.event_parts import KeptFile
from sessions.record.pictures import image_kind, is_svg
from sessions.tools.command_output import store

MOST_BYTES = 20 * 2**20
"""Of one resource or picture; a larger one is named, not kept."""
_SVG = ("image/svg+xml", ".svg")
_LONGEST = 80


def keep(files: Path, resource: Any) -> KeptFile | None:
    """Keep an embedded resource (`uri`, and `text` or `blob`); None where there is nothing that
    can be kept. Raises OSError.
    """
    told = resource if isinstance(resource, dict) else {}
    uri, media = str(told.get("uri") or ""), str(told.get("mimeType") or "")
    if isinstance(text := told.get("text"), str):
        data = text.encode("utf-8", "surrogateescape")
    else:
        data = decoded(told.get("blob"))
    if not data or len(data) > MOST_BYTES:
        return None
    if picture := image_kind(data):
        media = picture[0]
    name = name_of(uri, media)
    suffix = picture[1] if picture else PurePosixPath(name).suffix
    path = store(files, data, suffix)
    return {
        "path": path,
        "name": name,
        "uri": uri,
        "media_type": media,
        "picture": picture is not None,
    }


def keep_picture(files: Path, encoded: Any, *, svg: bool = False) -> KeptFile | None:
    """Keep a picture told in base64; None where it is none that can be
    kept. `svg`: drawings too, which no model takes. Raises OSError.
    """
    data = decoded(encoded)
    found = image_kind(data) or (_SVG if svg and is_svg(data) else None)
    if found is None or len(data) > MOST_BYTES:
        return None
    return {"path": store(files, data, found[1]), "media_type": found[0]}


def decoded(encoded: Any) -> bytes:
    """What is told in base64, nothing where it is none."""
    try:
        return base64.b64decode(str(encoded or ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def name_of(uri: str, media_type: str = "") -> str:
    """What a resource is called: the last part of its address, with an ending by its kind."""
    try:
        path = urlsplit(uri).path or urlsplit(uri).netloc
    except ValueError:
        path = ""
    last = PurePosixPath(unquote(path)).name or "resource"
    name = re.sub(r"[^\w. -]", "_", last).lstrip(".")[-_LONGEST:] or "resource"
    if not re.fullmatch(r"\.\w{1,8}", PurePosixPath(name).suffix):
        name += mimetypes.guess_extension(media_type.partition(";")[0].strip()) or ""
    return name
