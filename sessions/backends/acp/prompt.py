"""A turn's message as an agent's prompt, and the past for an agent that has not seen it.

Content blocks are those of the Agent Client Protocol: text and resource links go to any agent,
images and embedded files to those that say so (`promptCapabilities`). What an agent can't take
is named with its path, and why; most can read files by themselves.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.backends.acp.transport import Message
from sessions.record import events as ev
from sessions.record import pictures
from sessions.record.summary_parts import Attachment
from sessions.tools.binary import looks_binary

if TYPE_CHECKING:
    from sessions.backends.acp.process import AgentProcess
    from sessions.backends.base import TurnHost

# What an agent that can't load its past is told of it, in characters.
_PREFACE = 60_000
_EMBED_BYTES = 512 * 1024
"""A file of text that is longer is linked, not embedded."""


def blocks(host: TurnHost, preface: str, can: Message) -> list[Message]:
    """The prompt of a turn. `can`: the agent's promptCapabilities.

    Our own notes go before the message: after it, an agent would take them for what was asked.
    A slash command of the agent's must begin the prompt, so that it is known as one.
    """
    notes = [preface] if preface else []
    notes += [str(note.get("text", "")) for note in host.message.notes]
    told = [_text(note) for note in notes if note.strip()]
    said = _text(host.message.text)
    ours = any(note.get("kind") == "skill" for note in host.message.notes)
    command = host.message.text.startswith("/") and not ours
    out = [said, *told] if command else [*told, said]
    return [*out, *_all_attached(host, host.message.attachments, can)]


def message(
    host: TurnHost, text: str, attachments: Sequence[Attachment], agent: AgentProcess
) -> list[Message]:
    """A message for a turn that runs already."""
    return [*([_text(text)] if text else []), *_all_attached(host, attachments, agent.takes)]


def _all_attached(host: TurnHost, attachments: Sequence[Attachment], can: Message) -> list[Message]:
    """What is attached, as the agent can take it; the user is told what it can't be shown."""
    paths = [host.files / Path(str(each.get("path", ""))).name for each in attachments]
    if not can.get("image"):
        unseen = [
            f"files/{path.name}"
            for path, each in zip(paths, attachments, strict=True)
            if str(each.get("media_type", "")).startswith("image/")
        ]
        if unseen:
            reason = "this agent takes no pictures; it is told where the file lies"
            host.emit(ev.ContextRefused(turn=host.turn, paths=unseen, reason=reason, every=True))
    return [_attached(path, each, can) for path, each in zip(paths, attachments, strict=True)]


def _attached(path: Path, attachment: Attachment, can: Message) -> Message:
    media = str(attachment.get("media_type", ""))
    try:
        data = path.read_bytes()
    except OSError:
        return _text(f"[The file {attachment.get('name', path.name)} is not there any more.]")
    if media.startswith("image/"):
        if can.get("image"):
            verdict = pictures.look(path)
            if verdict.reason:
                return _text(f"[An image that could not be shown: {verdict.reason}; {path}]")
            encoded = base64.b64encode(verdict.data or data).decode("ascii")
            media = verdict.media_type
            return {"type": "image", "data": encoded, "mimeType": media, "uri": path.as_uri()}
        return _text(f"[An image ({media}) that can't be sent to you as such: {path}]")
    if can.get("embeddedContext") and len(data) <= _EMBED_BYTES and not looks_binary(data):
        resource: Message = {"uri": path.as_uri(), "mimeType": media or "text/plain"}
        return {
            "type": "resource",
            "resource": {**resource, "text": data.decode("utf-8", "replace")},
        }
    link: Message = {"type": "resource_link", "uri": path.as_uri(), "name": path.name}
    return {**link, "mimeType": media} if media else link


def _text(text: str) -> Message:
    return {"type": "text", "text": text}


def past(host: TurnHost) -> str:
    """The conversation so far as text, for an agent that can't load it."""
    lines: list[str] = []
    for message in host.context.messages()[:-1]:
        content = message["content"]
        if not isinstance(content, str):
            content = "\n".join(str(b.get("text", "")) for b in content if b.get("type") == "text")
        if content.strip():
            lines.append(f"{message['role'].upper()}:\n{content}")
    told = "\n\n".join(lines)[-_PREFACE:]
    if not told:
        return ""
    mark = uuid.uuid4().hex[:8]
    return (
        "This conversation goes on from an earlier one that you can't see any more. It is "
        f"quoted between the markers; go on from it.\n<<<{mark}\n{told}\n{mark}>>>"
    )
