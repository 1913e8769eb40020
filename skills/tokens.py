"""How many tokens a text costs, about.

No tokenizer is shipped: the providers' own are not public, and an estimate that is off by a
tenth is enough for a budget bar. English prose takes about 4.4 bytes a token; brackets,
operators and line ends usually stand alone, so code comes out dearer; other scripts are counted
by their UTF-8 bytes, which is close for the byte-pair encodings in use.
"""

from __future__ import annotations

import re

_SYMBOLS = '{}()[]<>=;/_"`|#*'
_BYTES_PER_TOKEN = 4.4
_PER_SYMBOL = 0.30
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")


def estimate(text: str) -> int:
    """Tokens of `text`, about; 0 for an empty one, never less than 1 otherwise."""
    if not text:
        return 0
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    symbols = 0
    for symbol in _SYMBOLS:
        symbols += text.count(symbol)
    return max(1, round(size / _BYTES_PER_TOKEN + symbols * _PER_SYMBOL))


def quarters(text: str) -> int:
    """Tokens of `text` in quarters, about and quickly, to be summed over many pieces.

    A quarter for a letter of ASCII, a half for one of another alphabet, a whole for each sign of
    Chinese, Japanese and Korean, which few tokenizers join to more.
    """
    size = len(text)
    if text.isascii():
        return size
    others = size - len(text.encode("ascii", "ignore"))
    wide = sum(map(len, _WIDE.findall(text)))
    return size + others + 2 * wide


def of_size(size: int) -> int:
    """Tokens of a Markdown text of `size` characters that is not at hand, about."""
    return max(1, round(size / 4.0)) if size else 0
