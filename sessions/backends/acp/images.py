"""What an agent shows: pictures and files, kept under the session's `files/`, like those of our
own tools.
"""

from __future__ import annotations

from pathlib import Path

from sessions.backends.acp.transport import Message
from sessions.record.event_parts import KeptFile
from sessions.tools.kept_resources import keep, keep_picture


def kept(files: Path, block: Message) -> KeptFile | None:
    """Keep a picture or a resource; None where a block is neither, or can't be kept."""
    if block.get("type") == "resource":
        return keep(files, block.get("resource"))
    if block.get("type") != "image":
        return None
    return keep_picture(files, block.get("data"), svg=True)
