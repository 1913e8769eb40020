"""The backend `openai`: Chat Completions at any address, of OpenAI or of those who speak it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sessions.backends.base import Capabilities, ModelInfo, Question, Reply, TurnHost
from sessions.backends.chat import OFFICIAL_HOST, ChatApi, Dialect
from sessions.backends.chat_messages import chat_messages
from sessions.backends.faults import Fault
from sessions.backends.native import ask
from sessions.backends.server import ServerBackend
from sessions.config.model import BackendConfig, Price
from sessions.errors import BackendError
from sessions.record import events as ev
from sessions.safety.numbers_from_outside import count

OFFICIAL = f"https://{OFFICIAL_HOST}/v1"
INSTALL = "pip install 'agentdeck-tui[openai]'"
# OpenAI's list doesn't say; what its models since GPT-5 take at least.
_WINDOW = 272_000
_WINDOWS = {"gpt-4o": 128_000, "gpt-4.1": 1_047_576, "o1": 200_000, "o3": 200_000, "o4": 200_000}
_NO_CHAT = re.compile(
    r"embedding|moderation|tts|whisper|transcribe|audio|realtime|image|dall-e|sora|davinci|babbage"
)
# Thinking counts towards the limit of an answer, so a limit leaves room for it.
_ROOM_TO_THINK = 16_000
# What a request was refused for, by the words of its refusal.
_REFUSALS = {
    "stream_options": re.compile(r"stream_options|include_usage", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning_effort", re.IGNORECASE),
    "reasoning": re.compile(r"\breasoning(_content)?\b(?!.{0,60}must be passed)", re.IGNORECASE),
    "response_format": re.compile(r"response_format|json_schema", re.IGNORECASE),
    "max_tokens": re.compile(
        r"(not supported|unsupported|unknown|unrecognized|extra).{0,80}\bmax_(completion_)?tokens"
        r"|\bmax_(completion_)?tokens.{0,80}(not supported|unsupported|not permitted)",
        re.IGNORECASE,
    ),
    "tools": re.compile(
        r"not support tool|tool( use| calling|s)? (is|are) not supported", re.IGNORECASE
    ),
}


def not_installed() -> str:
    """What is missing for the backend, or ""."""
    found = importlib.util.find_spec("openai") is not None
    return "" if found else "The package openai is not installed."


class OpenAIBackend(ServerBackend):
    """A Chat Completions server (see sessions.backends.base.Backend)."""

    type = "openai"
    official_host = OFFICIAL_HOST
    fallback_models = (
        ModelInfo("gpt-6.2-sol", "GPT-6.2 Sol", _WINDOW),
        ModelInfo("gpt-6.2-astra", "GPT-6.2 Astra", _WINDOW),
        ModelInfo("gpt-5.4-mini", "GPT-5.4 mini", _WINDOW),
    )

    def __init__(
        self, name: str, config: BackendConfig, key: str, prices: Mapping[str, Price]
    ) -> None:
        address = _address(config.base_url)
        super().__init__(name, config, key, prices, address)
        self._api = ChatApi(
            api_key=key, base_url=address, connect_s=config.connect_s, stall_s=config.stall_s
        )
        self._toolless: set[str] = set()

    @property
    def api(self) -> ChatApi:
        """The server."""
        return self._api

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as the default model has shown."""
        refused = self._dialect(self.default_model).refused
        return Capabilities(
            images=True,
            thinking=True,
            structured="response_format" not in refused,
        )

    def _dialect(self, model: str) -> Dialect:
        return self._api.dialects[model]

    def _listed(self, found: Iterable[Mapping[str, Any]]) -> Iterable[ModelInfo]:
        for m in found:
            model = str(m.get("id") or "")
            if not model or (self.official and _NO_CHAT.search(model)):
                continue
            top = m.get("top_provider")
            top = top if isinstance(top, dict) else {}
            sizes = ("context_length", "max_model_len", "context_window", "max_context_length")
            window = next((n for key in sizes if (n := count(m.get(key)))), 0)
            most = count(m.get("max_completion_tokens") or top.get("max_completion_tokens"))
            yield ModelInfo(model, str(m.get("name") or model), window, most or 0)

    def window(self, model: str) -> int:
        """The model's window in tokens, 0 = unknown."""
        known = super().window(model)
        if known or not self.official:
            return known
        return next((n for start, n in _WINDOWS.items() if model.startswith(start)), _WINDOW)

    async def ready(self) -> None:
        """SDK and key must be there. Raises BackendError."""
        if lacking := not_installed():
            raise BackendError(lacking, INSTALL, kind="setup")
        await super().ready()

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Answer one tool-less question. Raises BackendError."""

        model = question.model or self.default_model

        def params() -> dict[str, Any]:
            told = self._chat(model, question.messages, question.system)
            most = question.max_tokens + (_ROOM_TO_THINK if self.official else 0)
            told |= self._limit(model, most)
            if question.schema is not None:
                form = {"name": "answer", "schema": dict(question.schema)}
                told["response_format"] = {"type": "json_schema", "json_schema": form}
            return self._taken(told)

        return await ask(self, params, on_text)

    async def explain(self, fault: Fault, asked: Mapping[str, Any]) -> Fault | None:
        """The fault; None where the server refused something that can be left out from now on."""
        if fault.kind != "invalid" or "model" not in asked:
            return fault
        dialect = self._dialect(asked["model"])
        for what, words in _REFUSALS.items():
            if what in dialect.refused or not words.search(fault.detail):
                continue
            if what in _inside(asked, dialect):
                dialect.refused.add(what)
                return None
        return fault

    def params(self, host: TurnHost) -> dict[str, Any]:
        """The request. Its prefix does not change, which is all that these servers' caches ask."""
        model = host.settings.model or self.default_model
        params = self._chat(model, host.context.messages(unsigned=True), self.system(host))
        tools = host.tools.definitions() if host.tools is not None else []
        if tools:
            params["tools"] = [_function(tool) for tool in tools]
            if "tools" in self._dialect(model).refused:
                self._without_tools(host, model)
        if self._config.max_tokens:
            params |= self._limit(model, self._max_tokens(model, host.context.tokens))
        if host.settings.effort and self._config.thinking == "auto":
            params["reasoning_effort"] = host.settings.effort
        return self._taken(params)

    # -- parts of a request

    def _chat(
        self, model: str, messages: Iterable[Mapping[str, Any]], system: str
    ) -> dict[str, Any]:
        dialect = self._dialect(model)
        # OpenAI's own server takes no thinking back in this API.
        silent = self.official or "reasoning" in dialect.refused
        told = chat_messages(
            messages,
            system=system,
            reasoning="" if silent else dialect.reasoning,
        )
        return {"model": model, "messages": told, "stream_options": {"include_usage": True}}

    def _taken(self, params: dict[str, Any]) -> dict[str, Any]:
        """A request without the parts that the server has refused."""
        gone = self._dialect(params["model"]).refused - {"max_tokens"}
        return {key: value for key, value in params.items() if key not in gone}

    def _limit(self, model: str, tokens: int) -> dict[str, Any]:
        """The longest answer; of its two names OpenAI knows the newer, others the older."""
        newer = self.official != ("max_tokens" in self._dialect(model).refused)
        return {"max_completion_tokens" if newer else "max_tokens": tokens}

    def _without_tools(self, host: TurnHost, model: str) -> None:
        if host.session_id not in self._toolless:
            self._toolless.add(host.session_id)
            host.emit(
                ev.Error(
                    turn=host.turn,
                    kind="no_tools",
                    message=f"{model} takes no tools here, so it only answers.",
                    hint="Choose a model that can use tools.",
                )
            )


def _address(base_url: str) -> str:
    """The address that the SDK wants: with /v1 where only a server is named."""
    given = (base_url or OFFICIAL).rstrip("/")
    return given if urlsplit(given).path else f"{given}/v1"


def _inside(asked: Mapping[str, Any], dialect: Dialect) -> set[str]:
    """What a request holds that not every server takes."""
    found = set(asked)
    if "max_completion_tokens" in found:
        found.add("max_tokens")
    for message in asked["messages"]:
        if dialect.reasoning in message:
            found.add("reasoning")
    return found


def _function(tool: ev.JSON) -> ev.JSON:
    """A Messages API tool definition as Chat Completions has it."""
    function = {
        "name": tool["name"],
        "description": tool.get("description", ""),
        "parameters": tool["input_schema"],
    }
    return {"type": "function", "function": function}
