"""Pictures that an agent shows: kept under the session's `files/`, like those of our own tools."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from sessions.backends.acp.transport import Message
from sessions.record import events as ev
from sessions.record.pictures import image_kind
from sessions.tools.command_output import store

MAX_IMAGE = 20 * 2**20
"""Bytes; a larger one is named, not kept."""


def kept(files: Path, block: Message) -> ev.JSON | None:
    """Keep an image block: `{"path", "media_type"}`, or None where it is none that can be kept."""
    try:
        data = base64.b64decode(str(block.get("data") or ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    found = image_kind(data)
    if found is None or len(data) > MAX_IMAGE:
        return None
    return {"path": store(files, data, found[1]), "media_type": found[0]}
