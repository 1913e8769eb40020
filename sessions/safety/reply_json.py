"""The JSON object of a model's reply, whatever stands around it."""

from __future__ import annotations

import json
from typing import Any

MOST_CHARS = 400_000
"""Of a reply that is looked through."""


def object_in(reply: str) -> dict[str, Any]:
    """From the first brace to the last one, or else as far as it is whole; {} for none."""
    text = reply[:MOST_CHARS]
    first, last = text.find("{"), text.rfind("}")
    if not 0 <= first < last:
        return {}
    for take in (_all, _first):
        try:
            found = take(text[first : last + 1])
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _all(text: str) -> Any:
    return json.loads(text)


def _first(text: str) -> Any:
    return json.JSONDecoder().raw_decode(text)[0]
