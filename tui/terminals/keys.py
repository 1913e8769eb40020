"""The deck's keys as a terminal's: from Textual's names to what is pressed and typed."""

from __future__ import annotations

from textual import events
from textual.keys import key_to_character

from tui.terminal.keys import AltLetter
from tui.terminals.emulator import Press

_NAMED = {
    "enter": "Enter", "escape": "Escape", "tab": "Tab", "backspace": "Backspace",
    "delete": "Delete", "insert": "Insert", "home": "Home", "end": "End", "pageup": "PageUp",
    "pagedown": "PageDown", "up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft",
    "right": "ArrowRight",
} | {f"f{n}": f"F{n}" for n in range(1, 25)}  # fmt: skip
_CHARACTERS = {
    " ": "Space", "-": "Minus", "_": "Minus", "=": "Equal", "[": "BracketLeft",
    "]": "BracketRight", "\\": "Backslash", ";": "Semicolon", "'": "Quote", "`": "Backquote",
    ",": "Comma", ".": "Period", "/": "Slash", "^": "Digit6", "@": "Digit2",
}  # fmt: skip
_SIGNS = {"slash": "/", "backslash": "\\", "at": "@", "minus": "-", "plus": "+", "underscore": "_"}
"""What Textual calls otherwise than Unicode does, and so finds no character for."""
_MODIFIERS = ("ctrl", "alt", "shift", "super", "meta")


def press_of(event: events.Key) -> Press | None:
    """What was pressed; None for what is no key of a terminal."""
    *mods, name = _parts(event.key)
    ctrl, alt, shift = "ctrl" in mods, "alt" in mods or "meta" in mods, "shift" in mods
    if (word := _word_move(event)) is not None:
        return word
    if name == "backspace" and event.character == "\x08":
        return Press("KeyH", "h", False, alt, True)  # which Textual takes for the other
    if code := _NAMED.get(name):
        return Press(code, "", shift, alt, ctrl, "super" in mods)
    text = _text(event, name, held=ctrl or alt)
    if not text:
        return None
    if len(text) == 1 and text.isalpha() and text.isascii():
        shift = shift or (text.isupper() and not ctrl)
        return Press(
            f"Key{text.upper()}", text.upper() if shift and not ctrl else text.lower(),
            shift, alt, ctrl, "super" in mods,
        )  # fmt: skip
    code = f"Digit{text}" if len(text) == 1 and text in "0123456789" else _CHARACTERS.get(text, "")
    if ctrl and text == "@":
        return Press("Space", " ", False, alt, True)
    return Press(code, text, shift and len(text) == 1 and ctrl, alt, ctrl, "super" in mods)


def _parts(key: str) -> list[str]:
    """`ctrl+shift+a` taken apart; the plus key is called `plus`."""
    mods, _, name = key.rpartition("+")
    return [*(m for m in mods.split("+") if m in _MODIFIERS), name or key]


def _word_move(event: events.Key) -> Press | None:
    """Alt with b or f, which Textual takes for moves by a word (see `tui.terminal.keys`)."""
    if isinstance(event.key, AltLetter):
        letter = event.key.letter
        return Press(f"Key{letter.upper()}", letter, alt=True)
    return None


def _text(event: events.Key, name: str, held: bool) -> str:
    if not held and event.character and event.character.isprintable():
        return event.character
    if len(name) == 1:
        return name
    return _SIGNS.get(name) or key_to_character(name) or ""
