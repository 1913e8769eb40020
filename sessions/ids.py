"""Ids of sessions: they sort by time and never meet."""

from __future__ import annotations

import secrets
import time

# No i, l, o, u: an id can be read aloud. Ascending, so that text order is time order.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_CHARS = 9
_RANDOM_CHARS = 7
LENGTH = _TIME_CHARS + _RANDOM_CHARS
_MOST_AHEAD_MS = 10_000


class _Clock:
    """Milliseconds since 1970, each of them given once: of two ids of one process the later one
    sorts behind, also where both were made within a millisecond."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """The time, or the next that has not been given."""
        now = time.time_ns() // 1_000_000
        ahead = 0 <= self._last - now < _MOST_AHEAD_MS  # a clock that was set back is followed
        self._last = self._last + 1 if ahead else now
        return self._last


_CLOCK = _Clock()


def new_id() -> str:
    """A new id: milliseconds since 1970 (45 bits), then 35 random bits, in Crockford's base 32."""
    return _encode(_CLOCK.now(), _TIME_CHARS) + _encode(
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
