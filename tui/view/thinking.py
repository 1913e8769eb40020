"""How thinking looks: a word that is remembered, and needs nothing else before the first frame."""

from __future__ import annotations

from typing import Literal

Thinking = Literal["open", "folded", "hidden"]
