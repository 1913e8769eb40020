"""Ghostty's terminal (libghostty-vt, by `pyghostty`) behind the port.

The package's own class feeds, resizes and answers; cells, keys, the mouse and searching are
asked of the C interface that it ships, for which it has no names of its own.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import groupby
from typing import Any

from pyghostty import Terminal
from pyghostty._ffi import check, ffi, lib, union_fn
from pyghostty.core import init_sized

from tui.terminals import cells
from tui.terminals import emulator as em
from tui.terminals.emulator import (
    SCROLLBACK,
    Caret,
    Hits,
    Ink,
    Mouse,
    Press,
    Row,
    Spot,
    Stretch,
    View,
)
from tui.terminals.ghostty_keys import CODES, SHIFT, mods_of
from tui.terminals.scrolled_off_rows import ScrolledOffRows

KEPT_BYTES = 32 * 2**20
"""The library counts what scrollback takes in bytes as well; lines decide."""
_SPARE_LINES = 700
"""It lets go of old lines by whole pages; so many more, and what was promised is there."""
_LARGEST = 1000
_MAY_BE_WIDE = 40
"""The mode in which a program may have 80 or 132 columns at will."""
_MOST_INKS = 2048
_ONCE = [(b"\x1b[0" + way, b"\x1b[" + way) for way in (b"L", b"M", b"P", b"S", b"T")]
"""Lines and characters put in, taken out and scrolled: none means one, and the library takes it
for none."""


def _bits() -> dict[str, tuple[int, int]]:
    """Where the parts of a cell stand in its 64 bits: the library says so itself."""
    told = json.loads(ffi.string(lib.ghostty_type_json()))
    parts = told["types"]["GhosttyCell"]["bits"]
    return {name: (part["lsb"], (1 << part["width"]) - 1) for name, part in parts.items()}


_BITS = _bits()
_row_get = lib.ghostty_render_state_row_get
_TAG, _TAG_MASK = _BITS["content_tag"]
_CONTENT, _CONTENT_MASK = _BITS["content"]
_STYLE, _STYLE_MASK = _BITS["style_id"]
_WIDE, _WIDE_MASK = _BITS["wide"]
_LOOK = (_STYLE_MASK << _STYLE) | (0b10 << _TAG)
"""What differs where cells look different: the style, or a bare background's colour."""
_BARE = 0b10 << _TAG
_TEXT_MASK = 0x1FFFFF
_DELETED = "\u2421"
"""The one control character that the library puts into cells (DEL) takes none of a terminal's."""

_FLAGS = (("bold", em.BOLD), ("faint", em.FAINT), ("italic", em.ITALIC), ("blink", em.BLINK),
          ("inverse", em.REVERSE), ("invisible", em.HIDDEN), ("strikethrough", em.STRIKE),
          ("overline", em.OVERLINE))  # fmt: skip
_SHAPES = {0: "bar", 1: "block", 2: "underline", 3: "block"}
_BUTTONS = {1: 1, 2: 3, 3: 2, 4: 4, 5: 5, 6: 6, 7: 7}


class Ghostty:
    """See `tui.terminals.emulator.Emulator`."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = _bound(columns), _bound(rows)
        self._terminal = Terminal(self.columns, self.rows, SCROLLBACK + _SPARE_LINES)
        self._handle = self._terminal._t[0]
        self._set("SCROLLBACK_MAX_BYTES", "size_t", KEPT_BYTES)
        # No picture is drawn, so none is kept, and no program is told that there are any.
        self._set("KITTY_IMAGE_STORAGE_LIMIT", "uint64_t", 0)
        self._said: list[bytes] = []
        self._terminal.on_reply(self._said.append)
        self._state = _made("GhosttyRenderState", "ghostty_render_state")
        self._iterator = _made("GhosttyRenderStateRowIterator", "ghostty_render_state_row_iterator")
        self._cells = _made("GhosttyRenderStateRowCells", "ghostty_render_state_row_cells")
        self._encoder = _made("GhosttyKeyEncoder", "ghostty_key_encoder")
        self._event = _made("GhosttyKeyEvent", "ghostty_key_event")
        self._pointer = _made("GhosttyMouseEncoder", "ghostty_mouse_encoder")
        self._pointing = _made("GhosttyMouseEvent", "ghostty_mouse_event")
        self._search: Any = None
        self._view = ffi.new("GhosttyCellsView*")
        self._style = init_sized("GhosttyStyle")
        self._raw_style = ffi.buffer(self._style)
        self._inks: dict[bytes, Ink] = {}
        self._number = ffi.new("uint16_t*")
        self._dirty = ffi.new("GhosttyRenderStateDirty*")
        self._buffer = ffi.new("char[]", 256)
        self._length = ffi.new("size_t*")
        self._all = True
        self.dyes: dict[int, int] = {}
        self._colors = init_sized("GhosttyRenderStateColors")
        self._raw_colors = ffi.buffer(self._colors)
        self._seen_colors = b""
        self._undyed = self._palette()
        self._anchor = ScrolledOffRows(self._handle)

    # -- bytes in

    def feed(self, data: bytes) -> None:
        """What the program has printed."""
        for none, one in _ONCE:
            data = data.replace(none, one)
        self._terminal.feed(data)
        if self._terminal.mode(_MAY_BE_WIDE):
            self._set("MODE", "GhosttyTerminalModeConfig", (_MAY_BE_WIDE, False))
        if self._get("COLS", "uint16_t") != self.columns:
            self._size()

    def replies(self) -> bytes:
        """What the program is to be told."""
        said = b"".join(self._said)
        self._said.clear()
        return said

    def resize(self, columns: int, rows: int) -> None:
        """Another size."""
        columns, rows = _bound(columns), _bound(rows)
        if (columns, rows) != (self.columns, self.rows):
            self.columns, self.rows = columns, rows
            self._size()

    def _size(self) -> None:
        """The library's screen is as large as ours: no program makes a tile 132 columns wide."""
        gone = self.gone
        self._terminal.resize(self.columns, self.rows)
        self._anchor.drop(self._screen_top, gone)
        self._all = True

    def colours(self, foreground: int, background: int) -> None:
        """What a program is told that asks for the colours."""
        for name, rgb in (("FOREGROUND", foreground), ("BACKGROUND", background)):
            parts = (rgb >> 16 & 0xFF, rgb >> 8 & 0xFF, rgb & 0xFF)
            self._set(f"COLOR_{name}", "GhosttyColorRgb", parts)

    # -- cells out

    def changed(self) -> dict[int, Row]:
        """The rows in view that changed."""
        state = self._state[0]
        check(lib.ghostty_render_state_update(state, self._handle), "update")
        lib.ghostty_render_state_get(state, lib.GHOSTTY_RENDER_STATE_DATA_DIRTY, self._dirty)
        found: dict[int, Row] = {}
        every = self._all or self._dirty[0] == lib.GHOSTTY_RENDER_STATE_DIRTY_FULL
        if not every and self._dirty[0] == lib.GHOSTTY_RENDER_STATE_DIRTY_FALSE:
            return found
        check(
            lib.ghostty_render_state_get(
                state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, self._iterator
            ),
            "rows",
        )
        rows = self._iterator[0]
        if every:
            y = 0
            while lib.ghostty_render_state_row_iterator_next(rows):
                found[y] = self._row(rows)
                y += 1
        else:
            while lib.ghostty_render_state_row_iterator_next_dirty(rows, self._number):
                found[self._number[0]] = self._row(rows)
        lib.ghostty_render_state_clean(state)
        self._all = False
        self._dye()
        return found

    def _palette(self) -> list[int]:
        check(lib.ghostty_render_state_update(self._state[0], self._handle), "update")
        lib.ghostty_render_state_get(
            self._state[0], lib.GHOSTTY_RENDER_STATE_DATA_COLORS, self._colors
        )
        return [_rgb(colour) for colour in self._colors.palette]

    def _dye(self) -> None:
        """See which colours are others than the deck's."""
        lib.ghostty_render_state_get(
            self._state[0], lib.GHOSTTY_RENDER_STATE_DATA_COLORS, self._colors
        )
        if (raw := self._raw_colors[:]) == self._seen_colors:
            return
        self._seen_colors = raw
        now = [_rgb(colour) for colour in self._colors.palette]
        self.dyes = {n: rgb for n, rgb in enumerate(now) if rgb != self._undyed[n]}
        for key, name in ((em.FOREGROUND, "FOREGROUND"), (em.BACKGROUND, "BACKGROUND")):
            rgb = _rgb(self._get(f"COLOR_{name}", "GhosttyColorRgb"))
            if rgb != _rgb(self._get(f"COLOR_{name}_DEFAULT", "GhosttyColorRgb")):
                self.dyes[key] = rgb

    def look_anew(self) -> None:
        """Tell all rows next."""
        self._all = True

    def _row(self, rows: Any) -> Row:
        """A row's runs. All its cells are looked at as one long number: a loop over them in
        Python is what makes a dozen terminals expensive."""
        view = self._view
        check(_row_get(rows, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, view), "cells")
        width = view.len
        number = int.from_bytes(ffi.buffer(view.ptr, 8 * width), "little")
        bare = number & _every(_BARE, width)
        text = _words(number >> _CONTENT & _every(_TEXT_MASK, width), width)
        styles = number >> _STYLE & _every(_STYLE_MASK, width)
        if not (bare or styles) and text.isascii():
            return (Stretch(text, width, em.PLAIN),)
        _row_get(rows, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells)
        if bare or not text.isascii():
            return self._any_row(ffi.unpack(view.ptr, width))
        runs: list[Stretch] = []
        x = 0
        inks = {0: em.PLAIN}
        for style, cells_ in groupby(memoryview(styles.to_bytes(8 * width, "little")).cast("Q")):
            end = x + len(tuple(cells_))
            if (ink := inks.get(style)) is None:
                ink = inks[style] = self._ink(x)
            runs.append(Stretch(text[x:end], end - x, ink))
            x = end
        return tuple(runs)

    def _any_row(self, raw: list[int]) -> Row:
        """The same for rows with more than ASCII, or with colours behind nothing."""
        runs: list[Stretch] = []
        x = 0
        for key, group in groupby(raw, _look):
            part = list(group)
            ink = em.PLAIN if not key else self._bare(part[0]) if key & _BARE else self._ink(x)
            text = "".join(map(_character, part))
            runs.append(Stretch(text if text.isascii() else self._wide(x, part), len(part), ink))
            x += len(part)
        return tuple(runs)

    def _wide(self, x: int, part: list[int]) -> str:
        """The characters of cells that hold more than ASCII: as wide as their cells, exactly."""
        said = []
        for at, cell in enumerate(part, x):
            wide = (cell >> _WIDE) & _WIDE_MASK
            if wide == lib.GHOSTTY_CELL_WIDE_SPACER_TAIL:
                continue
            text = _character(cell)
            if (cell >> _TAG) & _TAG_MASK == lib.GHOSTTY_CELL_CONTENT_CODEPOINT_GRAPHEME:
                text = self._grapheme(at) or text
            width = 2 if wide == lib.GHOSTTY_CELL_WIDE_WIDE else 1
            if width == 2 and at + 1 - x >= len(part):
                width = 1  # its other half looks different: half of it is no character
            said.append(text if width == 1 and text.isascii() else cells.exactly(text, width))
        return "".join(said)

    def _grapheme(self, x: int) -> str:
        cells_ = self._cells[0]
        lib.ghostty_render_state_row_cells_select(cells_, x)
        length = ffi.new("uint32_t*")
        get = lib.ghostty_render_state_row_cells_get
        get(cells_, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_LEN, length)
        points = ffi.new("uint32_t[]", max(1, length[0]))
        get(cells_, lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_BUF, points)
        return "".join(chr(p) for p in ffi.unpack(points, length[0]))

    def _bare(self, cell: int) -> Ink:
        """Of a cell that holds nothing but its background's colour."""
        content = cell >> _CONTENT & _CONTENT_MASK
        if cell >> _TAG & _TAG_MASK == lib.GHOSTTY_CELL_CONTENT_BG_COLOR_PALETTE:
            return Ink(bg=content & 0xFF)
        red, green, blue = content & 0xFF, content >> 8 & 0xFF, content >> 16
        return Ink(bg=em.RGB | red << 16 | green << 8 | blue)

    def _ink(self, x: int) -> Ink:
        """Of the cell at `x` of the row that was asked for its cells last."""
        style = self._style
        lib.ghostty_render_state_row_cells_select(self._cells[0], x)
        lib.ghostty_render_state_row_cells_get(
            self._cells[0], lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE, style
        )
        raw = self._raw_style[:]
        if (known := self._inks.get(raw)) is not None:
            return known
        flags = sum(flag for name, flag in _FLAGS if getattr(style, name))
        if style.underline:
            double = style.underline == lib.GHOSTTY_SGR_UNDERLINE_DOUBLE
            flags |= em.UNDERLINE2 if double else em.UNDERLINE
        if len(self._inks) > _MOST_INKS:
            self._inks.clear()
        ink = Ink(_colour(style.fg_color), _colour(style.bg_color), flags)
        self._inks[raw] = ink
        return ink

    def cursor(self) -> Caret | None:
        """Where the cursor is."""
        told = init_sized("GhosttyRenderStateCursor")
        lib.ghostty_render_state_get(self._state[0], lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, told)
        if not (told.visible and told.viewport_has_value):
            return None
        return Caret(told.viewport_x, told.viewport_y, _SHAPES.get(told.visual_style, "block"))  # type: ignore[arg-type]

    # -- what the program wants

    @property
    def alternate(self) -> bool:
        """Whether the program has the whole screen."""
        return bool(self._get("ACTIVE_SCREEN", "GhosttyTerminalScreen"))

    @property
    def mouse(self) -> bool:
        """Whether the program wants to know of the mouse."""
        return bool(self._get("MOUSE_TRACKING", "bool"))

    @property
    def wheel_is_arrows(self) -> bool:
        """Whether the wheel is told as keys: in whole-screen programs that know no mouse."""
        return self.alternate and not self.mouse and self._terminal.mode(1007)

    def key(self, press: Press) -> bytes:
        """A key as the program wants it told."""
        event, encoder = self._event[0], self._encoder[0]
        lib.ghostty_key_encoder_setopt_from_terminal(encoder, self._handle)
        lib.ghostty_key_encoder_setopt(
            encoder,
            lib.GHOSTTY_KEY_ENCODER_OPT_MACOS_OPTION_AS_ALT,
            ffi.new("GhosttyOptionAsAlt*", lib.GHOSTTY_OPTION_AS_ALT_TRUE),
        )
        lib.ghostty_key_event_set_action(event, lib.GHOSTTY_KEY_ACTION_PRESS)
        lib.ghostty_key_event_set_key(event, CODES.get(press.code, 0))
        lib.ghostty_key_event_set_mods(event, mods_of(press))
        consumed = SHIFT if press.shift and press.text and press.text != press.text.lower() else 0
        lib.ghostty_key_event_set_consumed_mods(event, consumed)
        data = press.text.encode("utf-8", "replace")
        kept = ffi.from_buffer(data)  # the event keeps the address, not the bytes
        lib.ghostty_key_event_set_utf8(event, kept if data else ffi.NULL, len(data))
        plain = press.text.lower()
        lib.ghostty_key_event_set_unshifted_codepoint(event, ord(plain) if len(plain) == 1 else 0)
        result = lib.ghostty_key_encoder_encode(
            encoder, event, self._buffer, len(self._buffer), self._length
        )
        return self._told(result)

    def pointer(self, what: Mouse, button: int, x: int, y: int, mods: Press) -> bytes:
        """The mouse as the program wants it told."""
        event, encoder = self._pointing[0], self._pointer[0]
        lib.ghostty_mouse_encoder_setopt_from_terminal(encoder, self._handle)
        size = init_sized("GhosttyMouseEncoderSize")
        size.screen_width, size.screen_height = self.columns, self.rows
        size.cell_width = size.cell_height = 1
        lib.ghostty_mouse_encoder_setopt(encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_SIZE, size)
        pressed = ffi.new("bool*", bool(button) and what != "release")
        lib.ghostty_mouse_encoder_setopt(
            encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_ANY_BUTTON_PRESSED, pressed
        )
        action = {"press": 0, "release": 1, "move": 2}[what]
        lib.ghostty_mouse_event_set_action(event, action)
        if button in _BUTTONS:
            lib.ghostty_mouse_event_set_button(event, _BUTTONS[button])
        else:
            lib.ghostty_mouse_event_clear_button(event)
        lib.ghostty_mouse_event_set_mods(event, mods_of(mods))
        position = ffi.new("GhosttyMousePosition*", (x + 0.5, y + 0.5))
        lib.ghostty_mouse_event_set_position(event, position[0])
        result = lib.ghostty_mouse_encoder_encode(
            encoder, event, self._buffer, len(self._buffer), self._length
        )
        return self._told(result)

    def focus(self, has: bool) -> bytes:
        """That the keys came or went."""
        if not self._terminal.mode(1004):
            return b""
        return b"\x1b[I" if has else b"\x1b[O"

    def _told(self, result: int) -> bytes:
        return b"" if result else ffi.buffer(self._buffer, self._length[0])[:]

    # -- scrollback

    def view(self) -> View:
        """What is in view."""
        told = ffi.new("GhosttyTerminalScrollbar*")
        check(lib.ghostty_terminal_get(
            self._handle, lib.GHOSTTY_TERMINAL_DATA_SCROLLBAR, told), "view")  # fmt: skip
        return View(told.offset, told.total)

    @property
    def gone(self) -> int:
        """The rows before the oldest that is kept."""
        if self.alternate:
            return self._anchor.gone
        return self._anchor.look(self._screen_top, self.rows)

    @property
    def _screen_top(self) -> int:
        return max(0, self.view().total - self.rows)

    def scroll_to(self, top: int | None) -> None:
        """Bring another part into view."""
        # The union is passed by value, which the binding can't: by a struct of the same form.
        where = ffi.new("struct agentdeck_scroll*")
        if top is None:
            where.tag = lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM
        else:
            where.tag = lib.GHOSTTY_SCROLL_VIEWPORT_ROW
            where.value = max(0, top)
        scroll = union_fn(
            "ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, struct agentdeck_scroll)"
        )
        scroll(self._handle, where[0])

    def text(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        """What stands from one cell to another."""
        total = self.view().total
        if not 0 <= start[1] < total:
            return ""
        last = (min(end[0], self.columns - 1), end[1])
        if end[1] >= total:
            last = (self.columns - 1, total - 1)
        chosen = init_sized("GhosttySelection")
        chosen.start = self._terminal.ref(min(start[0], self.columns - 1), start[1], "screen")[0]
        chosen.end = self._terminal.ref(*last, "screen")[0]
        return str(self._terminal._format_sel(chosen, unwrap=True))

    # -- searching

    def search(self, needle: str) -> Hits:
        """Find a text."""
        self.end_search()
        made = ffi.new("GhosttySearch*")
        check(lib.ghostty_search_new(ffi.NULL, made, self._handle), "search")
        self._search = made
        data = needle.encode()
        kept = ffi.new("uint8_t[]", data)
        wanted = ffi.new("GhosttyString*", {"ptr": kept, "len": len(data)})
        check(lib.ghostty_search_set(made[0], lib.GHOSTTY_SEARCH_OPT_NEEDLE, wanted), "needle")
        check(lib.ghostty_search_run(made[0]), "search")
        return self.step(1)

    def step(self, by: int) -> Hits:
        """The match before or after."""
        if self._search is None:
            return Hits(0, 0)
        option = "NEXT" if by > 0 else "PREV"
        lib.ghostty_search_set(
            self._search[0], getattr(lib, f"GHOSTTY_SEARCH_OPT_SELECT_{option}"), ffi.NULL
        )
        count, at = ffi.new("size_t*"), ffi.new("size_t*")
        get = lib.ghostty_search_get
        get(self._search[0], lib.GHOSTTY_SEARCH_DATA_TOTAL_MATCHES, count)
        missed = get(self._search[0], lib.GHOSTTY_SEARCH_DATA_SELECTED_INDEX, at)
        return Hits(count[0], 0 if missed or not count[0] else at[0] + 1)

    def spots(self) -> tuple[list[Spot], list[Spot]]:
        """The matches in view, and the one in hand."""
        if self._search is None:
            return [], []
        room = ffi.new("GhosttySelection[]", 512)
        for each in room:
            each.size = ffi.sizeof("GhosttySelection")
        told = ffi.new("GhosttySelectionBuffer*", {"ptr": room, "cap": len(room), "len": 0})
        lib.ghostty_search_run(self._search[0])
        found: list[Spot] = []
        get = lib.ghostty_search_get
        if not get(self._search[0], lib.GHOSTTY_SEARCH_DATA_VIEWPORT_MATCHES, told):
            for n in range(told.len):
                found += self._places(room[n])
        mine = init_sized("GhosttySelection")
        if get(self._search[0], lib.GHOSTTY_SEARCH_DATA_SELECTED_MATCH, mine):
            return found, []
        return found, self._places(mine)

    def _places(self, chosen: Any) -> list[Spot]:
        ends = []
        for ref in (chosen.start, chosen.end):
            point = ffi.new("GhosttyPointCoordinate*")
            kept = ffi.new("GhosttyGridRef*", ref)
            if lib.ghostty_terminal_point_from_grid_ref(
                self._handle, kept, lib.GHOSTTY_POINT_TAG_VIEWPORT, point
            ):
                return []
            ends.append((point.x, point.y))
        (x1, y1), (x2, y2) = ends
        if y1 == y2:
            return [Spot(y1, x1, x2 + 1)]
        between = [Spot(y, 0, self.columns) for y in range(y1 + 1, y2)]
        return [Spot(y1, x1, self.columns), *between, Spot(y2, 0, x2 + 1)]

    def end_search(self) -> None:
        """Look for nothing any more."""
        if self._search is not None:
            lib.ghostty_search_free(self._search[0])
            self._search = None

    # -- keeping house

    def rest(self) -> None:
        """Lines that scrolled away are packed."""
        result = ffi.new("GhosttyTerminalCompressionResult*")
        lib.ghostty_terminal_compress(
            self._handle, lib.GHOSTTY_TERMINAL_COMPRESSION_MODE_FULL, result
        )

    def close(self) -> None:
        """Free what the library holds."""
        if self._terminal._t is None:
            return
        self.end_search()
        self._anchor.close()
        lib.ghostty_render_state_row_cells_free(self._cells[0])
        lib.ghostty_render_state_row_iterator_free(self._iterator[0])
        lib.ghostty_render_state_free(self._state[0])
        lib.ghostty_key_encoder_free(self._encoder[0])
        lib.ghostty_key_event_free(self._event[0])
        lib.ghostty_mouse_encoder_free(self._pointer[0])
        lib.ghostty_mouse_event_free(self._pointing[0])
        self._terminal.close()

    def _set(self, option: str, kind: str, value: object) -> None:
        check(
            lib.ghostty_terminal_set(
                self._handle,
                getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}"),
                ffi.new(f"{kind}*", value),
            ),
            option,
        )

    def _get(self, what: str, kind: str) -> Any:
        out = ffi.new(f"{kind}*")
        lib.ghostty_terminal_get(self._handle, getattr(lib, f"GHOSTTY_TERMINAL_DATA_{what}"), out)
        return out[0]


@cache
def _every(mask: int, width: int) -> int:
    """The same mask on every cell of a row."""
    return sum(mask << 64 * n for n in range(width))


def _words(points: int, width: int) -> str:
    """The characters whose code points stand in every other of so many words."""
    data = points.to_bytes(8 * width, "little")
    return data.decode("utf-32-le", "replace")[::2].replace("\0", " ").replace("\x7f", _DELETED)


def _bound(cells_: int) -> int:
    return min(max(cells_, 1), _LARGEST)


def _made(kind: str, functions: str) -> Any:
    made = ffi.new(f"{kind}*")
    check(getattr(lib, f"{functions}_new")(ffi.NULL, made), functions)
    return made


def _look(cell: int) -> int:
    if cell & _BARE:
        return cell & (_LOOK | _CONTENT_MASK << _CONTENT | _TAG_MASK << _TAG)
    return cell & _LOOK


def _character(cell: int) -> str:
    point = (cell >> _CONTENT) & _TEXT_MASK
    if point == 0x7F:
        return _DELETED
    return " " if not point or cell & _BARE else chr(point)


def _colour(told: Any) -> int:
    if told.tag == lib.GHOSTTY_STYLE_COLOR_PALETTE:
        return int(told.value.palette)
    if told.tag == lib.GHOSTTY_STYLE_COLOR_RGB:
        return em.RGB | _rgb(told.value.rgb)
    return em.DEFAULT


def _rgb(colour: Any) -> int:
    return int(colour.r) << 16 | int(colour.g) << 8 | int(colour.b)


ffi.cdef("""
struct agentdeck_scroll { GhosttyTerminalScrollViewportTag tag; uint64_t value; uint64_t rest; };
""")
assert ffi.sizeof("struct agentdeck_scroll") == ffi.sizeof("GhosttyTerminalScrollViewport")
