"""The JSON object of a model's reply, whatever stands around it."""

from __future__ import annotations

import json
from typing import Any

_decoder = json.JSONDecoder()
MOST_CHARS = 400_000
"""Of a reply that is looked through."""


def object_in(reply: str) -> dict[str, Any]:
    """From the first brace on, as far as it is whole; {} for none."""
    text = reply[:MOST_CHARS]
    begins = text.find("{")
    try:
        found: dict[str, Any] = _decoder.raw_decode(text, begins)[0] if begins >= 0 else {}
    except (ValueError, RecursionError):
        return {}
    return found
