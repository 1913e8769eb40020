"""What an agent shows: pictures and files, kept under the session's `files/`, like those of our
own tools.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from sessions.backends.acp.transport import Message
from sessions.record import events as ev
from sessions.record.pictures import image_kind, is_svg
from sessions.tools.command_output import store
from sessions.tools.kept_resources import keep

MAX_IMAGE = 20 * 2**20
"""Bytes; a larger one is named, not kept."""

_SVG = ("image/svg+xml", ".svg")


def kept(files: Path, block: Message) -> ev.JSON | None:
    """Keep a block: `{"path", "media_type"}` of an image, that of `kept_resources.keep` of a
    resource; None where it is neither, or can't be kept.
    """
    if block.get("type") == "resource":
        return keep(files, block.get("resource"))
    if block.get("type") != "image":
        return None
    try:
        data = base64.b64decode(str(block.get("data") or ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    found = image_kind(data) or (_SVG if is_svg(data) else None)
    if found is None or len(data) > MAX_IMAGE:
        return None
    return {"path": store(files, data, found[1]), "media_type": found[0]}
