"""Blocks → pieces: what each kind of block looks like, folded and unfolded.

Everything that comes out of an event passes `clean` here: the first gate for what a journal
of another version, or of another program, may hold.
"""

from __future__ import annotations

import json
from typing import Any

from sessions.record.event_parts import FileDiff
from sessions.record.textlines import lines
from sessions.record.transcript import Block
from sessions.safety.sanitise import clean, clean_line
from tui.terminal import glyphs
from tui.view.line import Line, Span, cells, wrap
from tui.view.notices import notice
from tui.view.picture import NO_PICTURES, Pictures
from tui.view.pieces import DiffPiece, MadePiece, Piece, TextPiece
from tui.view.thinking import Thinking

FOLDED_RESULT = 4
"""Rows of a tool's result that show while it is folded."""
FOLDED_DIFF = 10
FOLDED_USER = 24
"""A message of mine longer than this many lines is folded."""
RUNNING = 3
"""Rows of what a running tool printed."""
CHUNK = 60
"""A long plain text is cut into pieces of so many lines."""
LARGEST_COMPARED = 100_000
"""Files larger than this many characters, before and after, are not compared here."""
LONGEST_TAIL = 4000
"""How many characters of a running tool's output are looked at."""

_INPUT_KEYS = (
    "command",
    "cmd",
    "file_path",
    "filePath",
    "path",
    "pattern",
    "query",
    "url",
    "name",
    "description",
    "question",
    "text",
)
_TELLING = frozenset(" ./:")
"""A title without any of these is the tool's bare name: some agents give it before a better one."""
_STATUS_STYLE = {
    "running": "working",
    "asking": "warning",
    "ok": "success",
    "error": "error",
    "denied": "warning",
    "cancelled": "muted",
    "unknown": "warning",
}
_STATUS_WORD = {"asking": "needs you", "unknown": "outcome unknown"}


def foldable(block: Block) -> bool:
    """Whether a block has more to show than it shows folded."""
    if block.kind == "thinking":
        return True
    if block.kind == "user":
        return block.text.count("\n") >= FOLDED_USER
    if block.kind == "tool":
        return bool(block.parts or block.data.get("result") or _diff(block))
    return block.kind == "notice" and block.data.get("what") in ("compacted", "unknown", "plan")


class Looks:
    """How the user wants blocks to look in every view."""

    thinking: Thinking = "folded"
    compact: bool = False
    """No empty rows between blocks."""


looks = Looks()


def starts_folded(block: Block) -> bool:
    """Whether a block is folded until the user unfolds it."""
    if block.kind == "thinking":
        return looks.thinking != "open"
    return foldable(block) or block.kind == "tool"


def starts_hidden(block: Block) -> bool:
    """Whether a block is left out until it is looked for."""
    return block.kind == "thinking" and looks.thinking == "hidden"


def build(block: Block, folded: bool, pictures: Pictures = NO_PICTURES) -> list[Piece]:
    """The pieces of a block other than an answer (whose pieces grow, see `body`)."""
    if block.kind == "user":
        return _user(block, folded, pictures)
    if block.kind == "tool":
        return _tool(block, folded, pictures)
    if block.kind == "error":
        return _error(block)
    return notice(block, folded)


def plain(block: Block) -> str:
    """What a copy of the whole block gives."""
    if block.kind != "tool":
        text = block.text or "\n".join(piece.source for piece in build(block, False))
        return clean(text)
    said = f"{block.data.get('name', '')} {summary(block)}".strip()
    body = _diff(block) or str(block.data.get("result") or "") or block.text
    return clean(f"{said}\n{body}".strip())


def _asked(questions: Any) -> str:
    """The first of the questions of a call that asks some, or ""."""
    first = questions[0] if isinstance(questions, list) and questions else None
    asked = first.get("question") if isinstance(first, dict) else None
    if not isinstance(asked, str):
        return ""
    more = f" and {len(questions) - 1} more" if len(questions) > 1 else ""
    return clean_line(asked.strip()[:400]) + more


def summary(block: Block) -> str:
    """One line that says what a tool call is about."""
    title = _title(block)
    if set(title) & _TELLING:
        return title
    given: Any = block.data.get("input")
    if not isinstance(given, dict) or not given:
        return title
    for key in _INPUT_KEYS:
        value = given.get(key)
        if isinstance(value, str) and value.strip():
            return clean_line(value.strip()[:400])
    if asked := _asked(given.get("questions")):
        return asked
    return title or clean_line(json.dumps(given, ensure_ascii=False, default=str)[:400])


def _title(block: Block) -> str:
    """What an agent calls the call, without the tool's name, which stands before it."""
    name = str(block.data.get("name") or "").casefold()
    title = clean_line(str(block.data.get("title") or ""))
    if name and title.casefold().startswith(f"{name} "):
        return title[len(name) :].strip()
    return title


# -- mine


_ORIGINS = {
    "handed": "sent on from another session",
    "session": "from another session, by itself",
}


def _user(block: Block, folded: bool, pictures: Pictures) -> list[Piece]:
    pieces: list[Piece] = []
    origin = str(block.data.get("origin") or "typed")
    if origin != "typed":
        pieces.append(TextPiece(clean_line(_ORIGINS.get(origin, origin)), "user-bar"))
    text = clean(block.text).expandtabs(4)
    lines = text.split("\n")
    if folded and len(lines) > FOLDED_USER:
        pieces.append(TextPiece("\n".join(lines[: FOLDED_USER - 4]), "user"))
        pieces.append(_more(len(lines) - FOLDED_USER + 4))
    else:
        pieces += _chunks(text, "user")
    for attached in block.data.get("attachments") or []:
        pieces.append(pictures.piece(attached, "attached"))
    return pieces


def _chunks(text: str, style: str, before: tuple[Span, ...] = ()) -> list[Piece]:
    lines = text.split("\n")
    return [
        TextPiece("\n".join(lines[start : start + CHUNK]), style, before)
        for start in range(0, len(lines), CHUNK)
    ]


def _more(count: int, before: tuple[Span, ...] = ()) -> Piece:
    noun = "line" if count == 1 else "lines"
    return TextPiece(f"{glyphs.mark('more')} {count} more {noun}", "muted", before)


# -- tools


def _tool(block: Block, folded: bool, pictures: Pictures) -> list[Piece]:
    pieces: list[Piece] = [_tool_head(block)]
    before: tuple[Span, ...] = ((f"{glyphs.mark('result')} ", "muted"),)
    data = block.data
    diff = _diff(block)
    result = clean(str(data.get("result") or "")).expandtabs(4).rstrip("\n")
    if diff:
        pieces += _diff_pieces(_named_above(diff, summary(block)), folded, before)
    elif block.open:
        pieces += _running(block, folded, before)
    elif result:
        style = "error" if data.get("status") == "error" else "muted"
        pieces += _result(result, style, folded, before)
    answer = data.get("answer")
    if answer is not None and not answer.allowed and answer.reason:
        pieces.append(TextPiece(clean_line(answer.reason), "muted", before))
    for image in data.get("images") or []:
        pieces.append(pictures.piece(image, "image", before))
    pieces += pictures.made(data.get("made"), before)
    if data.get("truncated") and data.get("path") and not folded:
        said = f"cut for the model; all of it: {clean_line(str(data['path']))}"
        pieces.append(TextPiece(said, "muted", before))
    return pieces


def _diff(block: Block) -> str:
    facts = block.data.get("facts")
    if not isinstance(facts, dict):
        return ""
    diff = facts.get("diff")
    if not isinstance(diff, str):
        diff = "\n".join(_compared(each) for each in facts.get("diffs") or [])
    return clean(diff).expandtabs(4).rstrip("\n")


def _named_above(diff: str, head: str) -> str:
    """A diff without the two lines that name its only file, where the line above it does."""
    first, _, rest = diff.partition("\n")
    second, _, change = rest.partition("\n")
    name = first.removeprefix("--- ")
    if name == first or second != f"+++ {name}" or not change.startswith("@@"):
        return diff
    # Another file's beginning; a line that is taken out may look the same, and is kept with both.
    several = "\n--- " in change
    return diff if several or not head.endswith(name.rpartition("/")[2]) else change


def _compared(change: FileDiff) -> str:
    """The diff of a change that an agent tells as the file before and after."""
    if not isinstance(change, dict):
        return ""
    import difflib

    old, new = str(change.get("old") or ""), str(change.get("new") or "")
    path = str(change.get("path") or "")
    if len(old) + len(new) > LARGEST_COMPARED:
        return f"@@ {path}: too large to compare here"
    made = difflib.unified_diff(lines(old), lines(new), path, path, lineterm="")
    return "\n".join(made)


def _tool_head(block: Block) -> Piece:
    status = str(block.data.get("status") or ("running" if block.open else "unknown"))
    name = clean_line(str(block.data.get("name") or block.data.get("kind") or "tool"))
    what = summary(block)
    word = _STATUS_WORD.get(status, clean_line(status))
    facts = block.data.get("facts")
    code = facts.get("exit_code") if isinstance(facts, dict) else None
    if isinstance(code, int) and code:
        word += f" (exit {code})"
    style = _STATUS_STYLE.get(status, "muted")

    def make(width: int) -> list[Line]:
        # The status is never cut; what the call is about is, to keep it on one line.
        end = f" {glyphs.mark('notice')} {word}"
        shape = f"{glyphs.tool(status)} "
        room = width - cells(shape) - cells(name) - cells(end) - 1
        spans: list[Span] = [(shape, style), (name, "tool")]
        if what and room >= 6:
            spans.append((f" {_clip(what, room)}", "muted"))
        spans.append((end, style))
        return wrap(spans, width)

    return MadePiece(f"{name} {what} {word}", make)


def _clip(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    from rich.cells import set_cell_size

    dots = glyphs.mark("more")
    return set_cell_size(text, room - cells(dots)).rstrip() + dots


def _running(block: Block, folded: bool, before: tuple[Span, ...]) -> list[Piece]:
    tail: list[str] = []
    length = 0
    limit = LONGEST_TAIL if folded else LONGEST_TAIL * 8
    for part in reversed(block.parts):
        tail.append(part)
        length += len(part)
        if length > limit:
            break
    text = clean("".join(reversed(tail))[-limit:]).expandtabs(4).rstrip("\n")
    if not text:
        return []
    lines = text.split("\n")
    return [TextPiece("\n".join(lines[-RUNNING:] if folded else lines), "muted", before)]


def _result(text: str, style: str, folded: bool, before: tuple[Span, ...]) -> list[Piece]:
    if not folded:
        return _chunks(text, style, before)
    lines = text.split("\n")
    shown = lines if len(lines) <= FOLDED_RESULT + 1 else lines[:FOLDED_RESULT]
    text = "\n".join(shown)
    left = len(lines) - len(shown)

    def make(width: int) -> list[Line]:
        # Long lines count as the rows that they take.
        drawn = wrap([(text[: width * (FOLDED_RESULT + 3)], style)], width, before)
        if len(drawn) > FOLDED_RESULT + 1 or len(text) > width * (FOLDED_RESULT + 3):
            drawn = drawn[:FOLDED_RESULT]
            words = f"{glyphs.mark('more')} more" + (f", and {left} lines" if left else "")
            drawn += wrap([(words, "muted")], width, before)
        elif left:
            drawn += _more(left, before).render(width)
        return drawn

    return [MadePiece(text, make)]


def _diff_pieces(diff: str, folded: bool, before: tuple[Span, ...]) -> list[Piece]:
    lines = diff.split("\n")
    if folded and len(lines) > FOLDED_DIFF + 1:
        shown = "\n".join(lines[:FOLDED_DIFF])
        return [DiffPiece(shown, before), _more(len(lines) - FOLDED_DIFF, before)]
    return [
        DiffPiece("\n".join(lines[start : start + CHUNK]), before)
        for start in range(0, len(lines), CHUNK)
    ]


# -- errors


def _error(block: Block) -> list[Piece]:
    kind = clean_line(str(block.data.get("kind") or "error"))
    text = clean(block.text).expandtabs(4) or kind
    pieces: list[Piece] = [TextPiece(f"{glyphs.mark('error')} {text}", "error")]
    if hint := str(block.data.get("hint") or ""):
        pieces.append(TextPiece(clean(hint), "muted", (("  ", ""),)))
    return pieces
