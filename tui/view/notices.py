"""Notices: what happened around a conversation, in a line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sessions.record.closed_sets import BlockNotice
from sessions.record.transcript import Block
from sessions.safety.sanitise import clean, clean_line
from tui.terminal import glyphs
from tui.view.pieces import Piece, TextPiece
from tui.view.priming_gauge import gauge_words

_REASONS = {
    "max_tokens": "The answer reached its longest allowed length.",
    "refusal": "The model declined to answer.",
    "interrupted": "Interrupted.",
    "error": "The turn ended with an error.",
    "max_turns": "Stopped: as many steps as one turn may take.",
    "limit": "Stopped at a limit.",
}


def _line(value: Any) -> str:
    return clean_line(str(value)) if value not in (None, "") else ""


def _seconds(value: Any) -> str:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return "?"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"


def _retry(block: Block) -> str:
    data = block.data
    # `countdown` is set by whoever counts; nothing ticks here.
    wait = _line(data.get("countdown")) or f"waits {_seconds(data.get('wait_s'))}"
    kind, attempt = _line(data.get("kind")) or "fault", data.get("attempt", "?")
    # Who waits with another session of the same key has not tried yet.
    said = f"{kind}: try {attempt}, {wait}" if attempt else f"{kind}: {wait}"
    return f"{said}. {_line(block.text)}" if block.text else said


def _ended(block: Block) -> str:
    reason = str(block.data.get("reason") or "")
    if reason == "limit" and block.text:
        return f"Stopped: {_line(block.text)}."
    said = _REASONS.get(reason, f"Ended: {_line(reason)}.")
    return f"{said} {_line(block.text)}".strip()


def _undone(block: Block) -> str:
    files = block.data.get("files") or []
    said = f"Undone from turn {block.data.get('from_turn', '?')} on"
    return f"{said}; {len(files)} files put back" if files else said


def _rewound(block: Block) -> str:
    files = block.data.get("files") or []
    names = ", ".join(_line(str(path).rpartition("/")[2]) for path in files[:6])
    more = f" and {len(files) - 6} more" if len(files) > 6 else ""
    return f"Put back to before turn {block.data.get('from_turn', '?')}: {names}{more}"


def _skill(block: Block) -> str:
    return f"Skill {_line(block.data.get('name'))}: {_line(block.data.get('state'))}"


def _skill_used(block: Block) -> str:
    return f"Skill {_line(block.data.get('name'))} was read ({_line(block.data.get('how'))})"


def _drawn(block: Block) -> str:
    data = block.data
    kind, seed, n = _line(data.get("kind")), _line(data.get("seed")), data.get("n")
    if not n:  # the draw alone: nobody has read it yet
        return f"Priming drawn: {kind}, seed {seed}"
    return f"Priming read: {kind}, seed {seed}, {_items(n)}"


def _injected(block: Block) -> str:
    return f"Priming went in: {_items(block.data.get('n'))}"


def _items(n: object) -> str:
    return f"{_line(n)} item{'' if n == 1 else 's'}"


def _measured(block: Block) -> str:
    return f"Priming measured: {gauge_words(block.data.get('gauge'))}"


def _byproduct(block: Block) -> str:
    what = _line(block.data.get("path")) or _line(block.text[:120])
    return f"Byproduct ({_line(block.data.get('kind'))}): {what}"


def _set(block: Block) -> str:
    changes = block.data.get("changes") or {}
    return ", ".join(f"{_line(key)} is now {_line(value)}" for key, value in changes.items())


def _repaired(block: Block) -> str:
    count = len(block.data.get("faults") or [])
    noun = "fault" if count == 1 else "faults"
    return f"The record had {count} {noun}, set apart; nothing else is lost"


_TEXTS: dict[BlockNotice, tuple[Callable[[Block], str], str]] = {
    "retry": (_retry, "retry"),
    "ended": (_ended, "notice"),
    "undone": (_undone, "notice"),
    "rewound": (_rewound, "notice"),
    "skill": (_skill, "notice"),
    "skill-used": (_skill_used, "notice"),
    "drawn": (_drawn, "notice"),
    "injected": (_injected, "notice"),
    "measured": (_measured, "notice"),
    "byproduct": (_byproduct, "notice"),
    "set": (_set, "notice"),
    "repaired": (_repaired, "notice"),
}
_WARN: set[BlockNotice] = {"retry", "ended", "repaired"}


def notice(block: Block, folded: bool) -> list[Piece]:
    """The pieces of a notice."""
    what = block.data["what"]
    if what == "compacted":
        return _compacted(block, folded)
    if what == "plan":
        return _plan(block)
    if what == "unknown":
        return _unknown(block, folded)
    say, mark = _TEXTS.get(what, (lambda b: _line(b.text) or _line(what), "notice"))
    style = "warning" if what in _WARN else "muted"
    return [TextPiece(f"{glyphs.mark(mark)} {say(block)}", style)]


def _head(folded: bool, text: str) -> Piece:
    shape = glyphs.mark("folded" if folded else "unfolded")
    return TextPiece(f"{shape} {text}", "muted")


def _compacted(block: Block, folded: bool) -> list[Piece]:
    head = _head(folded, "The conversation up to here is told to the model by a summary")
    return [head] if folded else [head, TextPiece(clean(block.text).expandtabs(4), "muted")]


def _unknown(block: Block, folded: bool) -> list[Piece]:
    head = _head(folded, f"Event {_line(block.data.get('name'))}, unknown to this version")
    if folded:
        return [head]
    raw = json.dumps(block.data.get("raw"), ensure_ascii=False, default=str, indent=1)
    return [head, TextPiece(clean(raw)[:20_000], "muted")]


def _plan(block: Block) -> list[Piece]:
    entries = block.data.get("plan")
    pieces: list[Piece] = [TextPiece(f"{glyphs.mark('notice')} Plan", "muted")]
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        status = str(entry.get("status") or "")
        shape = glyphs.mark("task-done" if status == "completed" else "task")
        style = "working" if status == "in_progress" else "muted"
        text = f"{shape} {_line(entry.get('content'))}"
        pieces.append(TextPiece(text, style, (("  ", ""),)))
    return pieces
