"""What a stream of the Messages API says, event by event: content, calls, counts, the end.

The protocol is docs.claude.com/en/api/messages-streaming; servers that only speak after it leave
things out or say them elsewhere, and what is meant is taken where it is plain.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, Protocol

from sessions.backends.faults import Fault, FaultError
from sessions.backends.sse import EventStream, kind, words
from sessions.record import codec
from sessions.safety.numbers_from_outside import count

_USAGE = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation_input_tokens": "cache_write",
}


_OF_DELTA = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}
CUT_REASONS = ("max_tokens", "length", "model_context_window_exceeded")
"""Why an answer stopped before its end."""


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

    def on_carried(self, item: dict[str, Any]) -> None:
        """What the server wants back as it came; thinking that was told before is part of it."""


@dataclass(slots=True)
class ToolUse:
    """A tool call as it came. `malformed`: the arguments that are no JSON object, else ""."""

    id: str
    name: str
    input: dict[str, Any] = field(default_factory=dict)
    malformed: str = ""
    carried: dict[str, Any] = field(default_factory=dict)
    """What the server wants back with it as it came."""


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
    cost_usd: float | None = None
    """What the server says that it cost; few do."""


@dataclass(slots=True)
class _Block:
    """A block of the answer. `begun`: its start as it came; `implied`: known by a piece alone."""

    kind: str
    implied: bool = False
    begun: dict[str, Any] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    """Of a tool call's arguments."""
    signature: str = ""
    stopped: bool = False


class ResponseReader(EventStream):
    """The state of one stream: blocks by their index.

    A block whose start was left out, or comes after its pieces, is known by these; one whose
    stop was left out ends where the next begins, or with the answer.
    """

    def __init__(self, sink: Sink, response: Response) -> None:
        super().__init__()
        self._sink = sink
        self._response = response
        self._blocks: dict[int, _Block] = {}
        self._thinking: _Block | None = None
        """The block of thinking that has not ended."""

    def _event(self, named: str, event: dict[str, Any]) -> bool:
        if named == "content_block_delta":
            self._delta(event)
            return True
        if named == "ping":
            return False
        handler = self._HANDLERS.get(named) or self._HANDLERS.get(kind(event))
        if handler is None:
            self._response.unknown += 1
            return False
        handler(self, event)
        return True

    def _delta(self, event: dict[str, Any]) -> None:
        delta, index = event.get("delta"), self._index(event)
        if not isinstance(delta, dict) or not isinstance(index, int):
            raise FaultError(Fault("protocol", "a piece of no block"))
        said = delta.get("type")
        block = self._blocks.get(index)
        if block is None:
            block = self._begin(index, _Block(_OF_DELTA.get(str(said), ""), implied=True))
        if said == "text_delta":
            self._response.shown = True
            self._sink.on_text(words(delta, "text"))
        elif said == "thinking_delta":
            self._response.shown = True
            self._sink.on_thinking(words(delta, "thinking"))
        elif said == "signature_delta":
            # Told at the block's end: some servers send it before the thinking, or twice.
            block.signature = words(delta, "signature") or block.signature
        elif said == "input_json_delta" and block.kind == "tool_use":
            block.parts.append(words(delta, "partial_json"))
        else:
            self._response.unknown += 1

    def _start(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        if isinstance(message, dict):
            self._response.model = str(message.get("model") or "")
            self._usage(message.get("usage"))

    def _block_start(self, event: dict[str, Any]) -> None:
        begun = event.get("content_block")
        index = event.get("index", len(self._blocks))
        if not isinstance(index, int) or not isinstance(begun, dict):
            raise FaultError(Fault("protocol", f"a block begins at index {index!r}"))
        said = str(begun.get("type") or "")
        block = self._blocks.get(index)
        if block is None:
            block = self._begin(index, _Block(said))
        elif not block.implied:
            raise FaultError(Fault("protocol", f"a block begins at index {index} again"))
        block.implied = False
        block.begun = begun
        if said == "redacted_thinking":
            self._response.shown = True
            self._sink.on_redacted(words(begun, "data"))
        elif said == "text" and begun.get("text"):
            self._response.shown = True
            self._sink.on_text(str(begun["text"]))
        elif said == "thinking":
            block.signature = block.signature or words(begun, "signature")
            if begun.get("thinking"):
                self._response.shown = True
                self._sink.on_thinking(str(begun["thinking"]))
        elif said not in ("text", "tool_use"):
            self._response.unknown += 1

    def _index(self, event: dict[str, Any]) -> Any:
        """The block that a piece belongs to: the newest, where the event doesn't say."""
        return event.get("index", next(reversed(self._blocks), 0))

    def _begin(self, index: int, block: _Block) -> _Block:
        if len(self._blocks) > 10_000:
            raise FaultError(Fault("protocol", "more blocks than any answer has"))
        self._sign()
        self._blocks[index] = block
        if block.kind == "thinking":
            self._thinking = block
        return block

    def _block_stop(self, event: dict[str, Any]) -> None:
        index = self._index(event)
        block = self._blocks.get(index) if isinstance(index, int) else None
        if block is not None:
            block.stopped = True
            if block is self._thinking:
                self._sign()

    def _sign(self) -> None:
        """A block of thinking ends: its signature, if it has one, is told once."""
        block, self._thinking = self._thinking, None
        if block is not None and block.signature:
            self._response.shown = True
            self._sink.on_signature(block.signature)

    def _message_delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        if isinstance(delta, dict):
            self._response.stop_reason = words(delta, "stop_reason") or self._response.stop_reason
            details = delta.get("stop_details")
            if isinstance(details, dict):
                said = (details.get("category"), details.get("explanation"))
                self._response.detail = ": ".join(str(w) for w in said if w)
        self._usage(event.get("usage"))

    def _message_stop(self, event: dict[str, Any]) -> None:
        self._usage(event.get("usage"))
        self._sign()
        blocks = list(self._blocks.values())
        for block in blocks:
            if block.kind == "tool_use":
                self._response.calls.append(self._call(block, last=block is blocks[-1]))
        self.ended = True

    def _call(self, block: _Block, *, last: bool) -> ToolUse:
        """A call as it stands at the answer's end, when it is known whether that was cut off."""
        call = ToolUse(words(block.begun, "id"), words(block.begun, "name"))
        raw = "".join(block.parts)
        stop = self._response.stop_reason
        given: Any = None
        with contextlib.suppress(ValueError, RecursionError):
            given = codec.loads(raw) if raw.strip() else block.begun.get("input") or {}
        # Without arguments, a call that needs none looks like one whose arguments never came.
        cut = last and (stop in CUT_REASONS or (not stop and not block.stopped))
        if not isinstance(given, dict) or not call.name or (cut and not given and not raw.strip()):
            call.malformed = raw or ("(cut off)" if cut else "(nothing)")
        else:
            call.input = given
        return call

    def _done(self) -> bool:
        """The end as other protocols have it; of an answer that began, it is one here too."""
        if not self.ended and (self._blocks or self._response.stop_reason):
            self._message_stop({})
        return True

    def _usage(self, usage: Any) -> None:
        """Counts are cumulative: the last one stands, but one that says nothing takes none back."""
        if isinstance(usage, dict):
            for theirs, ours in _USAGE.items():
                counted = count(usage.get(theirs))
                if counted or (counted == 0 and ours not in self._response.usage):
                    self._response.usage[ours] = counted

    _HANDLERS = {  # noqa: RUF012
        "message_start": _start,
        "content_block_start": _block_start,
        "content_block_stop": _block_stop,
        "message_delta": _message_delta,
        "message_stop": _message_stop,
        "error": EventStream._error,
    }
