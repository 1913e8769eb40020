"""The Responses API (developers.openai.com/api/reference/responses), by the SDK `openai`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.backends import faults
from sessions.backends.chat import Dialect, OpenAIApi, call_of, counted
from sessions.backends.faults import Fault, FaultError
from sessions.backends.messages_stream import CUT_REASONS, Response, Sink
from sessions.backends.sse import EventStream, kind, words

_FAILED = {"failed": "the server gave no reason", "cancelled": "the server cancelled the answer"}
_ENDS = {f"response.{end}" for end in ("completed", "incomplete", "done", *_FAILED)}
_INCOMPLETE = {"max_output_tokens": "max_tokens", "content_filter": "refusal"}


class ResponsesApi(OpenAIApi):
    """A server of the Responses API."""

    def _reader(self, sink: Sink, response: Response, params: Mapping[str, Any]) -> ResponsesReader:
        dialect, most = self.dialects[str(params.get("model"))], params.get("max_output_tokens")
        return ResponsesReader(sink, response, dialect, most or 0)

    def _request(self, client: Any, params: Mapping[str, Any]) -> Any:
        asking = client.responses.with_streaming_response.create
        return asking(model=params["model"], stream=True, extra_body=dict(params))


class ResponsesReader(EventStream):
    """The state of one stream: items by their place in the output.

    What an item's end says of it counts; the pieces before are for showing.
    """

    def __init__(self, sink: Sink, response: Response, dialect: Dialect, most: int = 0) -> None:
        super().__init__()
        self._sink = sink
        self._response = response
        self._dialect = dialect
        self._most = most
        """The limit of the answer's length that was asked for, 0 = none."""
        self._items: dict[str, dict[str, Any]] = {}
        """Calls and thinking that have begun, by id or place."""
        self._shown: set[str] = set()
        """Items of which pieces were shown."""
        self._refused: list[str] = []
        self._part = ""
        """The part of a summary that is being told."""

    def _event(self, named: str, event: dict[str, Any]) -> bool:
        if named == "response.output_text.delta":
            self._text(_key(event), words(event, "delta"))
            return True
        if "error" in (named, kind(event)):
            self._error(event)
        handler = self._HANDLERS.get(named)
        if handler is not None:
            handler(self, event)
            return True
        if named in _ENDS:
            self._end(event, named)
            return True
        self._response.unknown += not named.startswith("response.")
        return False

    def _begun(self, event: dict[str, Any]) -> None:
        told = event.get("response")
        if isinstance(told, dict) and not self._response.model:
            self._response.model = words(told, "model")

    def _text(self, key: str, text: str) -> None:
        if text:
            self._shown.add(key)
            self._response.shown = True
            self._sink.on_text(text)

    def _refusal(self, event: dict[str, Any]) -> None:
        self._refused.append(words(event, "delta"))
        self._text(_key(event), words(event, "delta"))

    def _thought(self, event: dict[str, Any]) -> None:
        key, text = _key(event), words(event, "delta")
        if not text:
            return
        part = f"{key} {event.get('summary_index', event.get('content_index', 0))}"
        if key in self._shown and part != self._part:
            text = f"\n\n{text}"
        self._part = part
        self._shown.add(key)
        self._response.shown = True
        self._sink.on_thinking(text)

    def _added(self, event: dict[str, Any]) -> None:
        item = event.get("item")
        if not isinstance(item, dict):
            raise FaultError(Fault("protocol", "an item that is no object"))
        if len(self._items) > 10_000:
            raise FaultError(Fault("protocol", "more items than any answer has"))
        if item.get("type") == "function_call":
            self._items[_key(event, item)] = {**item, "pieces": []}

    def _argument(self, event: dict[str, Any]) -> None:
        item = self._items.get(_key(event))
        if item is None:
            raise FaultError(Fault("protocol", "a piece of no call"))
        item["pieces"].append(words(event, "delta"))

    def _ended(self, event: dict[str, Any]) -> None:
        """An item as it is in the end."""
        item = event.get("item")
        if not isinstance(item, dict):
            raise FaultError(Fault("protocol", "an item that is no object"))
        self._take(_key(event, item), item)

    def _take(self, key: str, item: dict[str, Any]) -> None:
        of = item.get("type")
        if of == "function_call":
            begun = self._items.pop(key, {"pieces": []})
            raw = item.get("arguments")
            raw = "".join(begun["pieces"]) if raw is None else raw
            named = words(item, "name") or words(begun, "name")
            call_id = words(item, "call_id") or words(item, "id")
            cut = item.get("status") == "incomplete"
            self._response.calls.append(call_of(call_id, named, raw, cut=cut))
        elif of == "reasoning":
            self._reasoned(key, item)
        elif of == "message" and key not in self._shown:
            for part in _list(item, "content"):
                self._text(key, words(part, "text") or words(part, "refusal"))

    def _reasoned(self, key: str, item: dict[str, Any]) -> None:
        """Thinking has ended: shown, if it was not yet, and kept as it is to be sent back."""
        if key not in self._shown:
            told = "\n\n".join(words(part, "text") for part in _list(item, "summary"))
            told = told or "".join(words(part, "text") for part in _list(item, "content"))
            if told:
                self._shown.add(key)
                self._sink.on_thinking(told)
        self._response.shown = True
        if item.get("encrypted_content") or item.get("content"):  # alone, an id is known to nobody
            names = ("type", "id", "summary", "content", "encrypted_content")
            self._sink.on_carried({n: item[n] for n in names if item.get(n) is not None})

    def _end(self, event: dict[str, Any], named: str) -> None:
        told = event.get("response")
        told = told if isinstance(told, dict) else {}
        if isinstance(usage := told.get("usage"), dict):
            self._usage(usage)
        if (fault := told.get("error")) is not None:
            raise FaultError(faults.of_event(fault))
        ends = (named.removeprefix("response."), words(told, "status"))
        for end in ends:
            if end in _FAILED:
                raise FaultError(Fault("server", _FAILED[end]))
        self._stop(told, cut="incomplete" in ends)
        self._rest(told)
        self.ended = True

    def _rest(self, told: dict[str, Any]) -> None:
        """What stands in the whole answer alone: not every server tells it piece by piece."""
        response = self._response
        known = {call.id for call in response.calls}
        for item in _list(told, "output"):
            if item.get("type") == "function_call" and words(item, "call_id") in known:
                continue
            if item.get("type") == "function_call" or not response.shown:
                self._take(words(item, "id"), item)
        for begun in self._items.values():  # begun, and cut off
            raw = "".join(begun["pieces"])
            made = call_of(words(begun, "call_id"), words(begun, "name"), raw, cut=True)
            response.calls.append(made)

    def _stop(self, told: dict[str, Any], *, cut: bool) -> None:
        response = self._response
        details = told.get("incomplete_details")
        reason = words(details, "reason") if isinstance(details, dict) else ""
        # llama.cpp's server calls every answer completed; what was asked for tells one that is not.
        cut = cut or 0 < self._most <= response.usage.get("output", 0)
        response.stop_reason = _INCOMPLETE.get(reason, reason)
        if not reason:
            response.stop_reason = CUT_REASONS[0] if cut else "end_turn"
        if reason == "content_filter":
            response.detail = "The server's content filter ended the answer."
        if self._refused:
            response.stop_reason = "refusal"
            response.detail = "".join(self._refused)[:500]

    def _done(self) -> bool:
        return True

    def _usage(self, usage: dict[str, Any]) -> None:
        counted(
            self._response,
            usage,
            ("input_tokens", "output_tokens", "input_tokens_details"),
        )

    _HANDLERS = {  # noqa: RUF012
        "response.created": _begun,
        "response.in_progress": _begun,
        "response.output_item.added": _added,
        "response.output_item.done": _ended,
        "response.refusal.delta": _refusal,
        "response.reasoning_summary_text.delta": _thought,
        "response.reasoning_text.delta": _thought,
        "response.reasoning.delta": _thought,
        "response.function_call_arguments.delta": _argument,
    }


def _key(event: dict[str, Any], item: Mapping[str, Any] | None = None) -> str:
    """Which item an event is about: its place, or its id where the server gives none."""
    place = event.get("output_index")
    if type(place) is int:
        return str(place)
    return words(dict(item), "id") if item else words(event, "item_id")


def _list(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    told = found.get(key)
    return [part for part in told if isinstance(part, dict)] if isinstance(told, list) else []
