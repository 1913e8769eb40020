"""Keys as they are written for people."""

from __future__ import annotations

_SHOWN = {
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def show_key(key: str) -> str:
    """`ctrl+k` as it is written in footer and help."""
    *modifiers, last = key.split("+")
    last = _SHOWN.get(last, last)
    if modifiers == ["ctrl"]:
        return f"^{last}"
    return "+".join([*modifiers, last])
