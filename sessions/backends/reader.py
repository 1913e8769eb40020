"""What a stream of the Messages API says, event by event: content, calls, counts, the end.

The protocol is docs.claude.com/en/api/messages-streaming; servers that only speak after it leave
things out or say them elsewhere, and what is meant is taken where it is plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from sessions import codec
from sessions.backends import faults
from sessions.backends.faults import Fault, FaultError
from sessions.outside import count

_USAGE = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation_input_tokens": "cache_write",
}


class Sink(Protocol):
    """Where a response's content goes as it comes."""

    def on_text(self, text: str) -> None:
        """A chunk of text."""

    def on_thinking(self, text: str) -> None:
        """A chunk of thinking."""

    def on_signature(self, signature: str) -> None:
        """The block of thinking that ends here is signed."""

    def on_redacted(self, data: str) -> None:
        """A block of thinking that came encrypted."""


@dataclass(slots=True)
class ToolUse:
    """A tool call as it came. `malformed`: the arguments that are no JSON object, else ""."""

    id: str
    name: str
    input: dict[str, Any] = field(default_factory=dict)
    malformed: str = ""


@dataclass(slots=True)
class Response:
    """A finished response. `shown`: some content has been handed to the sink.

    Calls are not: they are run after the end, so that a response cut off before it can be
    asked for again.
    """

    model: str = ""
    stop_reason: str = ""
    calls: list[ToolUse] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    shown: bool = False
    unknown: int = 0
    detail: str = ""


class Reader:
    """The state of one stream: blocks by their index."""

    def __init__(self, sink: Sink, response: Response) -> None:
        self._sink = sink
        self._response = response
        self._blocks: dict[int, dict[str, Any]] = {}
        self._json: dict[int, list[str]] = {}
        self.ended = False

    def take(self, line: bytes) -> bool:
        """One line of the stream; True if it was content (a ping is not)."""
        if not line.startswith(b"data:"):
            return False
        try:
            event = codec.loads(line[5:])
        except (ValueError, RecursionError) as error:
            raise FaultError(Fault("protocol", f"a broken event: {error}")) from error
        if not isinstance(event, dict):
            raise FaultError(Fault("protocol", "an event that is no object"))
        kind = event.get("type")
        if kind == "content_block_delta":
            self._delta(event)
            return True
        if kind == "ping":
            return False
        handler = self._HANDLERS.get(str(kind))
        if handler is None:
            self._response.unknown += 1
            return False
        handler(self, event)
        return True

    def _delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        index = event.get("index")
        block = self._blocks.get(index) if isinstance(index, int) else None
        if not isinstance(delta, dict) or block is None or not isinstance(index, int):
            raise FaultError(Fault("protocol", "a piece of a block that was never begun"))
        kind = delta.get("type")
        if kind == "text_delta":
            self._response.shown = True
            self._sink.on_text(_words(delta, "text"))
        elif kind == "thinking_delta":
            self._response.shown = True
            self._sink.on_thinking(_words(delta, "thinking"))
        elif kind == "signature_delta":
            # Told at the block's end: some servers send it before the thinking, or twice.
            block["signature"] = _words(delta, "signature") or block.get("signature")
        elif kind == "input_json_delta" and index in self._json:
            self._json[index].append(_words(delta, "partial_json"))
        else:
            self._response.unknown += 1

    def _start(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        if isinstance(message, dict):
            self._response.model = str(message.get("model") or "")
            self._usage(message.get("usage"))

    def _block_start(self, event: dict[str, Any]) -> None:
        index, block = event.get("index"), event.get("content_block")
        if not isinstance(index, int) or not isinstance(block, dict) or index in self._blocks:
            raise FaultError(Fault("protocol", f"a block begins at index {index!r}"))
        if len(self._blocks) > 10_000:
            raise FaultError(Fault("protocol", "more blocks than any answer has"))
        self._blocks[index] = block
        kind = block.get("type")
        if kind == "tool_use":
            self._json[index] = []
        elif kind == "redacted_thinking":
            self._response.shown = True
            self._sink.on_redacted(_words(block, "data"))
        elif kind == "text" and block.get("text"):
            self._response.shown = True
            self._sink.on_text(str(block["text"]))
        elif kind == "thinking" and block.get("thinking"):
            self._response.shown = True
            self._sink.on_thinking(str(block["thinking"]))
        elif kind not in ("text", "thinking"):
            self._response.unknown += 1

    def _block_stop(self, event: dict[str, Any]) -> None:
        index = event.get("index")
        if not isinstance(index, int):
            return
        self._sign(index)
        parts = self._json.pop(index, None)
        if parts is None:
            return
        block = self._blocks[index]
        raw = "".join(parts)
        call = ToolUse(str(block.get("id", "")), str(block.get("name", "")))
        try:
            given = codec.loads(raw) if raw.strip() else block.get("input") or {}
        except (ValueError, RecursionError):
            given = None
        if isinstance(given, dict):
            call.input = given
        else:
            call.malformed = raw or "(nothing)"
        self._response.calls.append(call)

    def _sign(self, index: int) -> None:
        """A block of thinking ends: its signature, if it has one, is told once."""
        block = self._blocks.get(index, {})
        signature = block.pop("signature", None) if block.get("type") == "thinking" else None
        if signature:
            self._response.shown = True
            self._sink.on_signature(str(signature))

    def _message_delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        if isinstance(delta, dict):
            self._response.stop_reason = str(delta.get("stop_reason") or "")
            details = delta.get("stop_details")
            if isinstance(details, dict):
                words = (details.get("category"), details.get("explanation"))
                self._response.detail = ": ".join(str(w) for w in words if w)
        self._usage(event.get("usage"))

    def _message_stop(self, event: dict[str, Any]) -> None:
        for index in list(self._json):  # calls that were cut off in the middle
            block, parts = self._blocks[index], self._json.pop(index)
            call = ToolUse(str(block.get("id", "")), str(block.get("name", "")))
            call.malformed = "".join(parts) or "(cut off)"
            self._response.calls.append(call)
        self.ended = True

    def _error(self, event: dict[str, Any]) -> None:
        raise FaultError(faults.of_event(event.get("error"), str(event.get("request_id") or "")))

    def _usage(self, usage: Any) -> None:
        """Counts are cumulative: the last one stands."""
        if isinstance(usage, dict):
            for theirs, ours in _USAGE.items():
                if (counted := count(usage.get(theirs))) is not None:
                    self._response.usage[ours] = counted

    _HANDLERS = {  # noqa: RUF012
        "message_start": _start,
        "content_block_start": _block_start,
        "content_block_stop": _block_stop,
        "message_delta": _message_delta,
        "message_stop": _message_stop,
        "error": _error,
    }


def _words(found: dict[str, Any], key: str) -> str:
    """A text of an event; null is none."""
    said = found.get(key)
    return "" if said is None else str(said)
