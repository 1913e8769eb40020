"""Chat Completions (developers.openai.com/api/reference/chat), by the SDK `openai`.

Most servers beside OpenAI's speak it, each with additions and gaps of its own: what is meant is
taken where it is plain.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from sessions.backends.faults import Fault, FaultError
from sessions.backends.messages_stream import CUT_REASONS, Response, Sink, ToolUse
from sessions.backends.sse import EventStream, kind, words
from sessions.backends.streamed_response import Wire
from sessions.record import codec
from sessions.safety.numbers_from_outside import amount, count

OFFICIAL_HOST = "api.openai.com"
_STOP = {
    "stop": "end_turn",
    "eos": "end_turn",
    "length": "max_tokens",
    "model_length": "model_context_window_exceeded",  # Mistral
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
    "sensitive": "refusal",  # Zhipu
}
_MOST_CALLS = 10_000


@dataclass(slots=True)
class Dialect:
    """How a model's server wants to be spoken to, as far as it has shown."""

    reasoning: str = "reasoning_content"
    """The field that it thinks in; thinking goes back in the same one."""
    refused: set[str] = field(default_factory=set)
    """What of a request it does not take."""


class OpenAIApi(Wire):
    """A server that the SDK `openai` asks.

    What it is asked goes as `extra_body`, which is sent as it is: all else the SDK walks through,
    each part against each type that it could be. That held the engine up for 0.2 s at every
    request of a conversation of 300 messages, for 2 s at one of 3,000.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.dialects: defaultdict[str, Dialect] = defaultdict(Dialect)
        """By model: behind one address may stand many servers."""

    def _make(self) -> Any:
        client = self._sdk().AsyncOpenAI(**self._settings())
        if self._host != OFFICIAL_HOST:
            # What the environment says of the user's account is none of another server's business.
            client.organization = client.project = None
            client._custom_headers = {}
        return client

    def _sdk(self) -> Any:
        import openai

        return openai

    def _listing(self, client: Any) -> Any:
        return client.models.with_streaming_response.list()


class ChatApi(OpenAIApi):
    """A Chat Completions server."""

    def _reader(self, sink: Sink, response: Response, params: Mapping[str, Any]) -> ChatReader:
        return ChatReader(sink, response, self.dialects[str(params.get("model"))])

    def _request(self, client: Any, params: Mapping[str, Any]) -> Any:
        asking = client.chat.completions.with_streaming_response.create
        return asking(model=params["model"], messages=[], stream=True, extra_body=dict(params))


@dataclass(slots=True)
class _Call:
    """A tool call that is being told."""

    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    given: dict[str, Any] | None = None
    """Arguments that came as an object; they should be text."""
    carried: dict[str, Any] = field(default_factory=dict)


class _Words(msgspec.Struct):
    """A delta of text alone: all else that is read of one is null."""

    content: str
    reasoning_content: None = None
    reasoning: None = None
    reasoning_details: None = None
    refusal: None = None
    tool_calls: None = None


class _Choice(msgspec.Struct):
    delta: _Words
    finish_reason: Literal[""] | None = None


class _Plain(msgspec.Struct):
    """The chunk that nearly all are; of the rest of it nothing is made."""

    choices: tuple[_Choice]
    model: str = ""
    object: Literal["chat.completion.chunk", ""] = ""
    type: None = None
    error: None = None
    usage: None = None


_plain = msgspec.json.Decoder(_Plain).decode
_NOT_PLAIN = 16
"""Chunks in a row that are not, from which on a stream is read without looking."""


class ChatReader(EventStream):
    """The state of one stream (see sessions.backends.streamed_response.LineReader)."""

    def __init__(self, sink: Sink, response: Response, dialect: Dialect) -> None:
        super().__init__()
        self._sink = sink
        self._response = response
        self._dialect = dialect
        self._calls: list[_Call] = []
        self._at: dict[int, int] = {}
        self._refused: list[str] = []
        self._details: dict[str, dict[str, Any]] = {}
        """Reasoning as OpenRouter has it beside its text, signed or encrypted."""
        self._finished = False
        self._odd = 0
        """Chunks in a row that were not plain text."""

    def read(self, lines: Sequence[bytes]) -> bool:
        """Lines that came together, up to the end; their text is told as one. Raises FaultError."""
        said, texts = False, list[str]()
        for line in lines:
            if (text := self._words(line)) is not None:
                texts.append(text)
                continue
            said = self._join(texts) or said
            said = self.take(line) or said
            if self.ended:
                return said
        return self._join(texts) or said

    def _words(self, line: bytes) -> str | None:
        """The text of a line that says nothing else; None: it is to be read as a whole."""
        if self._odd >= _NOT_PLAIN or self._named or not line.startswith(b"data: {"):
            return None
        try:
            chunk = _plain(line[6:])
        except (ValueError, RecursionError):
            self._odd += 1
            return None
        self._odd = 0
        if not self._response.model:
            self._response.model = chunk.model
        return chunk.choices[0].delta.content

    def _join(self, texts: list[str]) -> bool:
        """Tell the text so far; whether there were chunks of it."""
        if not texts:
            return False
        if text := "".join(texts):
            self._text(text)
        texts.clear()
        return True

    @property
    def whole(self) -> bool:
        """A reason to stop came, or the end: not every server says both."""
        return self._finished or self.ended

    def _event(self, named: str, event: dict[str, Any]) -> bool:
        if named and "error" in (named, kind(event)):
            self._error(event)
        if isinstance(usage := event.get("usage"), dict):
            self._usage(usage)
        choices = event.get("choices")
        if choices is None:
            self._response.unknown += usage is None
            return False
        if not isinstance(choices, list):
            raise FaultError(Fault("protocol", "choices that are no list"))
        if not choices:
            return False
        if not self._response.model:
            self._response.model = words(event, "model")
        self._choice(choices[0])
        return True

    def _choice(self, choice: Any) -> None:
        if not isinstance(choice, dict):
            raise FaultError(Fault("protocol", "a choice that is no object"))
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(delta)
        elif delta is not None:
            raise FaultError(Fault("protocol", "a piece of an answer that is no object"))
        if (reason := choice.get("finish_reason")) and not self._finished:
            self._finish(str(reason))

    def _delta(self, delta: dict[str, Any]) -> None:
        if len(delta) == 1 and type(text := delta.get("content")) is str:  # most of them
            if text:
                self._text(text)
            return
        for name in ("reasoning_content", "reasoning"):
            if (thought := delta.get(name)) and isinstance(thought, str):
                self._dialect.reasoning = name
                self._think(thought)
                break
        content = delta.get("content")
        if content and isinstance(content, str):
            self._text(content)
        elif isinstance(content, list):
            self._parts(content)
        if isinstance(details := delta.get("reasoning_details"), list):
            self._detail(details)
        if refusal := words(delta, "refusal"):
            self._refused.append(refusal)
            self._text(refusal)
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            for call in calls:
                self._call(call)
        elif calls is not None:
            raise FaultError(Fault("protocol", "tool calls that are no list"))

    def _detail(self, details: list[Any]) -> None:
        """Pieces of reasoning by their place: texts grow, all else is as the last piece has it."""
        for piece in details:
            if not isinstance(piece, dict) or len(self._details) > _MOST_CALLS:
                continue
            known = self._details.setdefault(f"{piece.get('index')} {piece.get('type')}", {})
            for name, value in piece.items():
                grows = name in ("text", "summary", "data") and isinstance(value, str)
                if grows:
                    known[name] = words(known, name) + value
                elif value is not None:
                    known[name] = value

    def _text(self, text: str) -> None:
        self._response.shown = True
        self._sink.on_text(text)

    def _think(self, text: str) -> None:
        self._response.shown = True
        self._sink.on_thinking(text)

    def _parts(self, parts: list[Any]) -> None:
        """Content in parts, as Mistral's models that think send it."""
        for part in parts:
            if not isinstance(part, dict):
                continue
            thought = part.get("thinking")
            if isinstance(thought, list):
                thought = "".join(words(t, "text") for t in thought if isinstance(t, dict))
            if thought and isinstance(thought, str):
                self._think(thought)
            elif text := words(part, "text"):
                self._text(text)

    def _call(self, delta: Any) -> None:
        """A piece of a call. A new id at a known place, or no place, is a call of its own."""
        if not isinstance(delta, dict):
            raise FaultError(Fault("protocol", "a tool call that is no object"))
        index, function = delta.get("index"), delta.get("function")
        function = function if isinstance(function, dict) else {}
        if index is not None and not (type(index) is int and 0 <= index < _MOST_CALLS):
            raise FaultError(Fault("protocol", f"a tool call at index {index!r}"))
        call_id, name = words(delta, "id"), words(function, "name")
        call = self._open_call(index, call_id, name)
        if isinstance(extra := delta.get("extra_content"), dict):
            call.carried = {"extra_content": extra}  # Gemini signs its calls there
        call.id = call.id or call_id
        call.name = call.name or name
        given = function.get("arguments")
        if isinstance(given, dict):
            call.given = given
        elif given is not None:
            call.parts.append(str(given))

    def _open_call(self, index: int | None, call_id: str, name: str) -> _Call:
        if index is None:
            if self._calls and not name:
                return self._calls[-1]
        elif (at := self._at.get(index)) is not None:
            known = self._calls[at]
            if not (name and call_id and known.id and known.id != call_id):
                return known
        if len(self._calls) >= _MOST_CALLS:
            raise FaultError(Fault("protocol", "more tool calls than any answer has"))
        self._calls.append(_Call())
        if index is not None:
            self._at[index] = len(self._calls) - 1
        return self._calls[-1]

    def _finish(self, reason: str) -> None:
        self._finished = True
        response = self._response
        response.stop_reason = _STOP.get(reason, reason)
        if response.stop_reason == "refusal":
            response.detail = "The server's content filter ended the answer."
        if self._refused:
            response.stop_reason = "refusal"
            response.detail = "".join(self._refused)[:500]
        if self._details:
            self._sink.on_carried({"reasoning_details": list(self._details.values())})
        cut = response.stop_reason in CUT_REASONS
        for call in self._calls:
            raw = "".join(call.parts)
            given = call.given if call.given is not None and not raw else raw
            last = call is self._calls[-1]
            use = call_of(call.id, call.name, given, cut=cut and last)
            use.carried = call.carried
            response.calls.append(use)
        self._calls.clear()
        self._at.clear()

    def _done(self) -> bool:
        if not self._finished and (self._calls or self._response.shown):
            self._finish("tool_calls" if self._calls else "stop")  # some give no reason
        self.ended = self._finished
        return True

    def _usage(self, usage: dict[str, Any]) -> None:
        names = ("prompt_tokens", "completion_tokens", "prompt_tokens_details")
        counted(self._response, usage, names)


def counted(response: Response, usage: dict[str, Any], names: tuple[str, str, str]) -> None:
    """Take counts in; `names` of input, output and the input's details.

    They are cumulative: the last one stands. Input counts what came from the cache too.
    """
    told = response.usage
    details = usage.get(names[2])
    details = details if isinstance(details, dict) else {}
    read = count(details.get("cached_tokens"))
    if read is None:
        read = count(usage.get("prompt_cache_hit_tokens"))  # DeepSeek
    written = count(details.get("cache_write_tokens"))
    whole = count(usage.get(names[0]))
    if whole is not None:
        told["input"] = max(0, whole - (read or 0) - (written or 0))
    for ours, number in (
        ("output", count(usage.get(names[1]))),
        ("cache_read", read),
        ("cache_write", written),
    ):
        if number is not None and (number or ours == "output" or ours in told):
            told[ours] = number
    if (paid := amount(usage.get("cost"))) is not None:  # OpenRouter, in US dollars
        response.cost_usd = paid


def call_of(call_id: str, name: str, given: Any, *, cut: bool) -> ToolUse:
    """A call as it is to be run. `given`: its arguments, as text or as the object that it means.

    `cut`: the answer reached its greatest length within it.
    """
    use = ToolUse(call_id, name)
    raw = given if isinstance(given, str) else ""
    if raw.strip():
        given = None
        with contextlib.suppress(ValueError, RecursionError):
            given = codec.loads(raw)
    elif not isinstance(given, dict):
        given = {}
    if not isinstance(given, dict) or not name or (cut and not given):
        use.malformed = raw or ("(cut off)" if cut else "(nothing)")
    else:
        use.input = given
    return use
