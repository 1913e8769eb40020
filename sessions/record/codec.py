"""Events and JSON: written and read in this one place, typed by msgspec.

A line that is as this version writes it is decoded at once. Only one that is not (an unknown
type, a field of a newer version, a lone surrogate, or a fault) is read a second time, slowly,
to keep what is not known or to say what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Union

import msgspec

from sessions.record import events as ev
from sessions.safety.json_text import ENCODER, encode_ascii, strange
from sessions.safety.json_text import encode as encode

_decoder = msgspec.json.Decoder(Union[tuple(ev.TYPES.values())])  # noqa: UP007
_FITS: Mapping[type[ev.Event], Callable[[Any], bool]] = {
    ev.TurnStarted: lambda e: type(e.model) is str,
    ev.UserMessage: lambda e: (
        type(e.text) is type(e.origin) is str and e.attachments == e.notes == []
    ),
    ev.Text: lambda e: type(e.text) is str,
    ev.Thinking: lambda e: (
        type(e.text) is type(e.signature) is type(e.redacted) is type(e.by) is str
    ),
    ev.ToolCall: lambda e: (
        type(e.call) is type(e.name) is type(e.title) is type(e.kind) is str
        and type(e.input) is dict
        and type(e.malformed) is bool
        and e.locations == []
    ),
    ev.ToolResult: lambda e: (
        type(e.call) is type(e.status) is type(e.content) is type(e.path) is str
        and type(e.data) is dict
        and type(e.truncated) is bool
        and e.images == []
    ),
    ev.TurnEnded: lambda e: (
        type(e.reason) is type(e.detail) is type(e.resume_at) is str
        and e.cost_usd is None
        and type(e.usage) is dict
        and all(type(n) is int and -ev.LARGEST <= n <= ev.LARGEST for n in e.usage.values())
    ),
}
"""Of what conversations are made: whether its values are of the types it declares. To read it
again in order to know that took a tenth of an import."""
_LONG = 256
_HEAD = ("seq", "at", "type")


def decode(line: bytes | str) -> ev.Event:
    """One line of a journal, or the same without its end.

    Raises ValueError: no JSON, no event, or a field of a known type is missing or not what it
    must be; RecursionError where it nests too deep.
    """
    try:
        event: ev.Event = _decoder.decode(line)
    except msgspec.DecodeError:
        return from_json(loads(line))
    return event


def decode_block(block: bytes) -> list[ev.Event] | None:
    """The events of whole lines, one a line; None where a line is anything else than that."""
    if block[:1] != b"{" or block[-2:] != b"}\n":
        return None
    try:
        events: list[ev.Event] = _decoder.decode_lines(block)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return events if _is_lines(block, len(events)) else None


def _is_lines(block: bytes, count: int) -> bool:
    """Whether a block of so many JSON objects has each on a line of its own.

    No value of JSON has `}`, a newline and `{` in it: where lines meet so, they are whole.
    """
    if len(block) < _LONG * count:
        return block.count(b"\n") == count and block.count(b"}\n{") == count - 1
    end, find, last = -1, block.find, len(block) - 1  # long lines: from one to the next
    for _ in range(count - 1):
        end = find(b"\n", end + 1)
        if block[end - 1 : end + 2] != b"}\n{":
            return False
    return find(b"\n", end + 1) == last


def block_of(events: Sequence[ev.Event]) -> bytes | None:
    """The lines of numbered events; None where one needs `line`, or what is read is not the same.

    What is of the types that it declares is read as it was written; others are read to know it.
    """
    odd: list[ev.Event] = []
    given: list[Any] = []  # where a number with a point may be
    event: Any
    for event in events:
        if getattr(event, ev.MORE, None) is not None:
            return None
        fits = _FITS.get(type(event))
        if (
            fits is None
            or not fits(event)
            or not type(event.seq) is type(event.turn) is int
            or not (0 <= event.turn <= ev.LARGEST and 0 <= event.seq <= ev.LARGEST)
            or type(event.at) is not str
        ):
            odd.append(event)
        elif type(event) is ev.ToolCall:
            given.append(event.input)
        elif type(event) is ev.ToolResult:
            given.append(event.data)
    try:  # no line has an end within it: the encoder writes none
        block = ENCODER.encode_lines(events)
        if b"null" in block and strange([*odd, *given]):
            return None
        if odd and len(_decoder.decode_lines(ENCODER.encode_lines(odd))) != len(odd):
            return None
    except (msgspec.DecodeError, TypeError, ValueError, RecursionError, OverflowError):
        return None
    return block


def line(event: ev.Event) -> bytes:
    """The event as its line in the journal, newline included.

    Raises TypeError, ValueError: it holds what JSON can't say.
    """
    if getattr(event, ev.MORE, None) is None and type(event) is not ev.Unknown:
        try:
            said = ENCODER.encode(event)
        except UnicodeEncodeError:
            pass  # a lone surrogate: it survives as an escape
        else:
            if b"null" in said and strange(event):
                encode_ascii(to_json(event))  # msgspec writes null for NaN, which json refuses
            return said + b"\n"
    return encode(to_json(event))


def to_json(event: ev.Event) -> ev.JSON:
    """The event as the JSON object that stands in the journal."""
    if isinstance(event, ev.Unknown):
        return {"seq": event.seq, "at": event.at, "type": event.name, **event.data}
    head: ev.JSON = {"seq": event.seq, "at": event.at, "type": event.type}
    if isinstance(event, ev.SessionSet):
        return head | event.changes
    for name, key in zip(event.__struct_fields__, event.__struct_encode_fields__, strict=True):
        head[key] = getattr(event, name)
    return head | event.extra


def from_json(data: Mapping[str, Any]) -> ev.Event:
    """Read an event; one of an unknown type becomes `Unknown`.

    Raises ValueError: it has no type, or a known type's field is missing or not what it must be.
    """
    name = data.get("type")
    if not isinstance(name, str):
        raise ValueError("an event without a type")
    cls = ev.TYPES.get(name)
    if cls is None:
        head = {k: data[k] for k in ("seq", "at") if k in data}
        rest = {k: v for k, v in data.items() if k not in _HEAD}
        return _convert({**head, "name": name, "data": rest}, ev.Unknown)
    known = frozenset(cls.__struct_encode_fields__)
    event = _convert({k: v for k, v in data.items() if k in known}, cls)
    extra = {k: v for k, v in data.items() if k not in known and k != "type"}
    if extra:
        event.__dict__[ev.MORE] = extra
    return event


def _convert(data: ev.JSON, cls: type[ev.Event]) -> ev.Event:
    try:
        return msgspec.convert(data, cls)
    except msgspec.ValidationError as error:
        raise ValueError(f"{data.get('name') or cls.type}: {error}") from error


def loads(text: bytes | bytearray | str) -> Any:
    """JSON as the standard has it: without NaN and Infinity. Raises ValueError."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):  # lone surrogates; or a fault, to be named
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} is beyond any number of JSON")
    return number


def session_set(changes: Mapping[str, Any]) -> ev.SessionSet:
    """Changes of a session, by name, as their event.

    Raises ValueError: one is not what it must be.
    """
    event = from_json({**changes, "type": ev.SessionSet.type})
    assert isinstance(event, ev.SessionSet)
    return event
