"""What an agent tells with a tool call or a message, as names and text; pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sessions.backends.acp.transport import Message
from sessions.record.textlines import lines


def meta_of(update: Message) -> Message:
    """What is told beside the protocol."""
    meta = update.get("_meta")
    return meta if isinstance(meta, dict) else {}


def _own_name(call: Message) -> str:
    """The tool's own name, where the agent tells it within a part of `_meta`."""
    for part in meta_of(call).values():
        if isinstance(part, dict) and isinstance(part.get("toolName"), str):
            return str(part["toolName"])
    return ""


def tool_name(call: Message) -> str:
    """The tool's own name where the agent tells it, else its kind."""
    return _own_name(call) or str(call.get("kind") or call.get("title") or "tool")


def title_of(call: Message) -> str:
    """A call's title; where that is but its input (Qwen Code, of MCP servers), the tool's name."""
    title = str(call.get("title") or "")
    if not title.startswith("{"):
        return title
    plain = meta_of(call).get("toolName")
    return _own_name(call) or (plain if isinstance(plain, str) else "") or title


def content_text(block: Any) -> str:
    """A content block as text; what is no text is named."""
    if not isinstance(block, dict):
        return ""
    kind = block.get("type")
    if kind == "text":
        return str(block.get("text", ""))
    if kind == "resource_link":
        return f"[{block.get('name') or block.get('uri')}]({block.get('uri')})"
    if kind == "resource":
        inner = block.get("resource")
        return str(inner.get("text", inner.get("uri", ""))) if isinstance(inner, dict) else ""
    return f"[{kind}]"


def terminals_of(update: Message) -> list[str]:
    """The ids of the terminals that a tool call's content shows."""
    content = objects_of(update.get("content"))
    return [str(c.get("terminalId")) for c in content if c.get("type") == "terminal"]


def tool_text(content: Any, printed: Callable[[str], str] | None = None) -> str:
    """The text of a tool call's content: its blocks, its diffs, what its terminals `printed`."""
    parts: list[str] = []
    for item in objects_of(content):
        kind = item.get("type")
        if kind == "content":
            parts.append(content_text(item.get("content")))
        elif kind == "diff":
            parts.append(diff_text(item))
        elif kind == "terminal":
            number = str(item.get("terminalId"))
            parts.append(f"[terminal {number}]" if printed is None else printed(number))
    return "\n".join(part for part in parts if part)


def diff_text(diff: Message) -> str:
    """A unified diff of a `diff` content."""
    import difflib

    path = str(diff.get("path", ""))
    made = difflib.unified_diff(
        lines(str(diff.get("oldText") or "")),
        lines(str(diff.get("newText") or "")),
        path,
        path,
        lineterm="",
    )
    return "\n".join(made)


def raw_text(raw: Any) -> str:
    """A call's raw output as text: that of a command or an MCP server, else JSON."""
    if isinstance(raw, dict) and isinstance(raw.get("output"), str):
        return str(raw["output"])
    if isinstance(raw, dict) and isinstance(raw.get("result"), dict) and not raw.get("error"):
        blocks = objects_of(raw["result"].get("content"))  # an MCP server's, as Codex tells it
        if text := "\n".join(filter(None, map(content_text, blocks))):
            return text
    return json.dumps(raw, ensure_ascii=False)[:20_000]


def objects_of(value: Any) -> list[Message]:
    """The objects of a list, none where it is no list."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
