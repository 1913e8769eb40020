"""Ids of sessions: they sort by time and never meet."""

from __future__ import annotations

import secrets
import time

# No i, l, o, u: an id can be read aloud. Ascending, so that text order is time order.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_CHARS = 9
_RANDOM_CHARS = 7
LENGTH = _TIME_CHARS + _RANDOM_CHARS


def new_id() -> str:
    """A new id: milliseconds since 1970 (45 bits), then 35 random bits, in Crockford's base 32."""
    return _encode(time.time_ns() // 1_000_000, _TIME_CHARS) + _encode(
        secrets.randbits(5 * _RANDOM_CHARS), _RANDOM_CHARS
    )


def is_id(text: str) -> bool:
    """Whether `text` has an id's shape."""
    return len(text) == LENGTH and all(c in _ALPHABET for c in text)


def _encode(number: int, length: int) -> str:
    chars = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        chars.append(_ALPHABET[digit])
    return "".join(reversed(chars))
