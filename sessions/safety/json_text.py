"""JSON as all that goes on record is written, and as keys are looked for in it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

ENCODER = msgspec.json.Encoder()
encode_ascii = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
_pack = msgspec.msgpack.Encoder().encode
_NO_NUMBER = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")


def encode(data: Any) -> bytes:
    """One line of JSON, newline included. A lone surrogate survives, as an escape.

    Raises TypeError, ValueError: it holds what JSON can't say.
    """
    try:
        said = ENCODER.encode(data)
    except UnicodeEncodeError:
        return encode_ascii(data).encode("ascii") + b"\n"
    if b"null" in said and strange(data):
        encode_ascii(data)
    return said + b"\n"


def strange(data: Any) -> bool:
    """Whether a number that JSON does not know may be in it: packed, its exponent is all ones."""
    try:
        return _NO_NUMBER.search(_pack(data)) is not None
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return True
