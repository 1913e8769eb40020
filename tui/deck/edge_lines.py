"""What the lines at the deck's edges say: status line, tabs and footer, as far as there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from sessions.api.notices import EngineNotice
from sessions.record.closed_sets import STATUSES, Status
from tui.deck.model import DeckModel
from tui.deck.tile import STATUS_STYLE
from tui.terminal import glyphs
from tui.widgets.clickable_line import ClickableSpot
from tui.words.text import clip, cost, one_line, title_of, tokens


def status_spots(
    model: DeckModel, width: int, engine: str, *, known: bool = True
) -> list[ClickableSpot]:
    """Counts by status, spend, and what needs the user; the least important goes first.

    `known`: the engine has told of all sessions, so that there are no others.
    """
    counts = model.counts()
    parts: list[ClickableSpot] = [ClickableSpot(" agentdeck ", "bold $primary", "act:help")]
    if engine:
        parts.append(ClickableSpot(f" {engine} ", "$text-warning"))
    for status in sorted(STATUSES, key=_urgency):
        if count := counts[status]:
            text = f" {glyphs.status(status)} {count} {status} "
            parts.append(ClickableSpot(text, STATUS_STYLE.get(status, ""), f"status:{status}"))
    parts += _going_on(model)
    usd, used = model.spend()
    if usd is not None:
        parts.append(ClickableSpot(f" {cost(usd)} ", "", "act:usage"))
    if used:
        parts.append(ClickableSpot(f" {tokens(used)} tokens ", "$text-muted", "act:usage"))
    parts += _views(model)
    if known and not model.order:
        parts.append(ClickableSpot(" no session yet ", "$text-muted", "act:new"))
    return _fitting(parts, width)


def _views(model: DeckModel) -> list[ClickableSpot]:
    """Which part of the tiles is in view, and what is out of it."""
    parts: list[ClickableSpot] = []
    if model.pages > 1 and not model.zoomed:
        parts.append(ClickableSpot(f" page {model.page + 1}/{model.pages} ", "", "act:page_next"))
    if model.zoomed:
        parts.append(ClickableSpot(" zoom ", "$text-accent", "act:zoom"))
    if model.pinned:
        parts.append(ClickableSpot(" comparing ", "$text-accent", "act:compare"))
    if hidden := model.hidden:
        parts.append(ClickableSpot(f" {len(hidden)} hidden ", "$text-muted", "act:show_hidden"))
    aside = sum(s.aside and not s.closed for s in model.summaries.values())
    if aside:
        parts.append(ClickableSpot(f" {aside} set aside ", "$text-muted", "act:sessions"))
    return parts


def progress(runs: Iterable[EngineNotice]) -> str:
    """How far the runs of plans are, as one line says it; "" without one."""
    told = [f"{clip(one_line(str(r.get('title', ''))), 20)} {r.get('done', 0)}/{r.get('of', 0)}"
            for r in runs]  # fmt: skip
    return ", ".join(told[:2]) + (f", {len(told) - 2} more runs" if len(told) > 2 else "")


def _going_on(model: DeckModel) -> list[ClickableSpot]:
    """How far the runs of plans are, and the index while it is made."""
    parts = []
    if told := progress(model.runs.values()):
        needs = any(run.get("idle") for run in model.runs.values())
        style = "$text-warning" if needs else "$text-accent"
        parts.append(ClickableSpot(f" {told} ", style, "act:runs"))
    if model.indexing:
        done, of = model.indexing
        parts.append(ClickableSpot(f" index {done:,}/{of:,} ", "$text-accent", "act:search"))
    return parts


def _urgency(status: Status) -> int:
    order = (
        "needs-you", "failed", "paused", "cut-off", "done", "working", "idle", "offline", "unknown"
    )  # fmt: skip
    return order.index(status)


def _fitting(parts: list[ClickableSpot], width: int) -> list[ClickableSpot]:
    """As many parts as fit; where some do not, the line says so at its end."""
    kept: list[ClickableSpot] = []
    room = width
    for index, spot in enumerate(parts):
        need = cell_len(spot.text)
        last = index == len(parts) - 1
        if need > room - (0 if last else 2):
            kept.append(ClickableSpot(" …", "$text-muted", "act:sessions"))
            break
        kept.append(spot)
        room -= need
    return kept


def tab_spots(model: DeckModel, width: int) -> list[ClickableSpot]:
    """A tab per tile around the current one, and how many more there are on each side."""
    order = model.shown
    if model.current not in order:
        return []
    about = _arranged(model)
    urgent = [i for i in model.needing() if i != model.current]
    labels = [_tab(model, session_id) for session_id in order]
    # For “‹ 12 more” on both sides, what is shown, and those that need somebody out of reach.
    room = width - 14 - sum(cell_len(spot.text) for spot in about)
    kept = 0
    while True:
        first, last = _reach(
            [cell_len(label) for label in labels], order.index(model.current), room
        )
        missing = [i for i in urgent if i not in order[first : last + 1]]
        need = sum(cell_len(_tab(model, i, short=True)) for i in missing)
        if need <= kept or first == last:
            break
        room, kept = room - (need - kept), need
    spots: list[ClickableSpot] = list(about)
    if first:
        spots.append(ClickableSpot(f" ‹{first} ", "$text-muted", f"go:{order[first - 1]}"))
    for place in range(first, last + 1):
        session_id = order[place]
        style = STATUS_STYLE.get(model.summaries[session_id].status, "")
        if session_id == model.current:
            style = f"{style} reverse" if style else "reverse"
        spots.append(ClickableSpot(labels[place], style, f"go:{session_id}"))
    if more := len(order) - 1 - last:
        spots.append(ClickableSpot(f" {more}› ", "$text-muted", f"go:{order[last + 1]}"))
    for session_id in missing:  # whoever needs somebody is never hidden
        style = STATUS_STYLE.get(model.summaries[session_id].status, "")
        tab = _tab(model, session_id, short=True)
        spots.append(ClickableSpot(tab, style, f"go:{session_id}"))
    return spots


def _reach(widths: Sequence[int], at: int, room: int) -> tuple[int, int]:
    """The first and the last of the tabs around one of them that fit."""
    first = last = at
    used = widths[at]
    grown = True
    while grown:
        grown = False
        for side in (last + 1, first - 1):
            if 0 <= side < len(widths) and used + widths[side] <= room:
                used += widths[side]
                first, last = min(first, side), max(last, side)
                grown = True
    return first, last


def _arranged(model: DeckModel) -> list[ClickableSpot]:
    """Which tiles are shown, where it is not all of them."""
    only = model.arrangement.only
    if not only or len(model.shown) == len(model.order):
        return []
    told = f" {clip(one_line(only), 24)}: {len(model.shown)} of {len(model.order)} "
    return [ClickableSpot(told, "$text-accent", "act:show_only")]


def _tab(model: DeckModel, session_id: str, *, short: bool = False) -> str:
    summary = model.summaries[session_id]
    shape = glyphs.status(summary.status)
    if short:
        return f" {model.number(session_id)}{shape} "
    return f" {model.number(session_id)} {shape} {clip(title_of(summary), 16)} "


_NARROW = 48
"""Cells below which a footer has what must be there before what comes first."""


class FooterKey(NamedTuple):
    """A key, what it does in a word, what is told when it is clicked, and what it belongs to.

    `keep`: it is there in a narrow footer too.
    """

    key: str
    word: str
    target: str
    group: str = ""
    keep: bool = False


def footer_spots(
    entries: Sequence[FooterKey], width: int, shorten: Callable[[str], str]
) -> list[ClickableSpot]:
    """What works now, as far as it fits, keys of a kind side by side; the rest is behind F1.

    The last two entries (help and palette) are always there; where it is narrow, so is what is
    to be kept, and longer words give way to shorter ones.
    """
    bar = f" {glyphs.mark('column')}"
    body, tail = entries[:-2], list(entries[-2:])
    room = width - sum(cell_len(_entry(shorten(e.key), e.word)) for e in tail)
    kept: dict[str, list[FooterKey]] = {}
    narrow = width < _NARROW
    held = {
        entry: cell_len(_entry(shorten(entry.key), entry.word)) + cell_len(bar)
        for entry in body
        if narrow and entry.keep
    }
    for entry in body:
        held.pop(entry, None)
        need = cell_len(_entry(shorten(entry.key), entry.word))
        need += 0 if entry.group in kept else cell_len(bar)
        if need > room - sum(held.values()):
            if narrow:
                continue
            break
        kept.setdefault(entry.group, []).append(entry)
        room -= need
    last = kept.pop(tail[0].group, []) if tail else []
    spots: list[ClickableSpot] = []
    for group in (*kept.values(), [*last, *tail]):
        if spots:
            spots.append(ClickableSpot(bar, "$foreground 35%"))
        for entry in group:
            spots += _entry_spots(shorten(entry.key), entry.word, entry.target)
    return spots


def _entry(key: str, word: str) -> str:
    return f" {key} {word} "


def _entry_spots(key: str, word: str, name: str) -> list[ClickableSpot]:
    return [
        ClickableSpot(f" {key}", "bold $text-accent", f"act:{name}"),
        ClickableSpot(f" {one_line(word)} ", "$text-muted", f"act:{name}"),
    ]
