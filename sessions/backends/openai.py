"""The backend `openai`: its APIs at any address, of OpenAI or of those who speak them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sessions.backends.base import Capabilities, ModelInfo, Question, Reply, TurnHost
from sessions.backends.chat import OFFICIAL_HOST, ChatApi, Dialect, OpenAIApi
from sessions.backends.chat_request import ChatRequest, RequestForm
from sessions.backends.faults import Fault
from sessions.backends.native import ask
from sessions.backends.responses import ResponsesApi
from sessions.backends.responses_request import ResponsesRequest
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


def not_installed() -> str:
    """What is missing for the backend, or ""."""
    found = importlib.util.find_spec("openai") is not None
    return "" if found else "The package openai is not installed."


class OpenAIBackend(ServerBackend):
    """A server of Chat Completions, or of Responses (see sessions.backends.base.Backend)."""

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
        self.by = f"{config.api} {urlsplit(address).hostname}"
        api = ResponsesApi if config.api == "responses" else ChatApi
        self._api = api(
            api_key=key, base_url=address, connect_s=config.connect_s, stall_s=config.stall_s
        )
        form = ResponsesRequest if config.api == "responses" else ChatRequest
        self._form: RequestForm = form(official=self.official)
        self._toolless: set[str] = set()

    @property
    def api(self) -> OpenAIApi:
        """The server."""
        return self._api

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as the default model has shown."""
        refused = self._dialect(self.default_model).refused
        return Capabilities(
            images=True,
            thinking=True,
            structured=self._form.schema_field not in refused,
        )

    def _dialect(self, model: str) -> Dialect:
        return self._api.dialects[model]

    def _listed(self, found: Iterable[Mapping[str, Any]]) -> Iterable[ModelInfo]:
        for m in found:
            model = str(m.get("id") or "")
            if not model or (self.official and _NO_CHAT.search(model)):
                continue
            top, meta = (
                g if isinstance(g := m.get(k), dict) else {} for k in ("top_provider", "meta")
            )
            sizes = ("context_length", "max_model_len", "context_window", "max_context_length")
            told = (m.get(key) for key in sizes)
            window = next((n for given in (*told, meta.get("n_ctx")) if (n := count(given))), 0)
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
        model, form = question.model or self.default_model, self._form

        def params() -> dict[str, Any]:
            dialect = self._dialect(model)
            told = form.begin(dialect, model, question.messages, question.system)
            most = question.max_tokens + (_ROOM_TO_THINK if self.official else 0)
            told |= form.limit(dialect, most)
            if question.schema is not None:
                told |= form.schema(question.schema)
            return self._taken(told)

        return await ask(self, params, on_text)

    async def explain(self, fault: Fault, asked: Mapping[str, Any]) -> Fault | None:
        """The fault; None where the server refused something that can be left out from now on."""
        if fault.kind != "invalid" or "model" not in asked:
            return fault
        dialect = self._dialect(asked["model"])
        held = self._form.held(dialect, asked)
        for what, words in self._form.refusals.items():
            if what in held and what not in dialect.refused and words.search(fault.detail):
                dialect.refused.add(what)
                return None
        return fault

    def params(self, host: TurnHost) -> dict[str, Any]:
        """The request. Its prefix does not change, which is all that these servers' caches ask."""
        model, form = host.settings.model or self.default_model, self._form
        dialect = self._dialect(model)
        messages = host.context.messages(unsigned=self.unsigned, by=self.by)
        params = form.begin(
            dialect, model, messages, self.system(host.settings, host.cwd), host.session_id
        )
        tools = host.tools.definitions() if host.tools is not None else []
        if tools:
            params["tools"] = [form.tool(tool) for tool in tools]
            if "tools" in dialect.refused:
                self._without_tools(host, model)
        if self._config.max_tokens:
            params |= form.limit(dialect, self._max_tokens(model, host.context.tokens))
        if self._config.thinking == "auto":
            params |= form.think(host.settings.effort)
        return self._taken(params)

    def _taken(self, params: dict[str, Any]) -> dict[str, Any]:
        """A request without the parts that the server has refused."""
        gone = self._dialect(params["model"]).refused - {"max_tokens"}
        return {key: value for key, value in params.items() if key not in gone}

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
