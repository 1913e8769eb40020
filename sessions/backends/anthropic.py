"""The backend `anthropic`: the Messages API at any address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sessions.backends.base import Capabilities, ModelInfo, Question, Reply, TurnHost
from sessions.backends.messages import OFFICIAL_HOST, MessagesApi
from sessions.backends.native import ask
from sessions.backends.server import ServerBackend
from sessions.config.model import BackendConfig, Price
from sessions.record import events as ev
from sessions.safety.numbers_from_outside import count

OFFICIAL = f"https://{OFFICIAL_HOST}"
_MAX_TOKENS_OFFICIAL = 32_000
_WINDOW = 200_000
# How servers beside Anthropic's name a model's window in their list.
_WINDOWS = ("max_input_tokens", "max_model_len", "context_length", "context_window")
# Adaptive thinking and effort came with the models of generation 4.6.
_THINKS = re.compile(r"^claude-(?:\w+-)?(?:[5-9]|4-[6-9])")
_NO_ID = re.compile(r"[^a-zA-Z0-9_-]")
_BREAKPOINT = {"type": "ephemeral"}


class AnthropicBackend(ServerBackend):
    """A Messages API server (see sessions.backends.base.Backend)."""

    type = "anthropic"
    official_host = OFFICIAL_HOST
    longest_answer = _MAX_TOKENS_OFFICIAL
    fallback_models = (
        ModelInfo("claude-sonnet-5-5", "Claude Sonnet 5.5", 200_000, 64_000),
        ModelInfo("claude-opus-5-5", "Claude Opus 5.5", 200_000, 64_000),
        ModelInfo("claude-haiku-5-5", "Claude Haiku 5.5", 200_000, 64_000),
    )

    def __init__(
        self, name: str, config: BackendConfig, key: str, prices: Mapping[str, Price]
    ) -> None:
        address = (config.base_url or OFFICIAL).rstrip("/").removesuffix("/v1")
        super().__init__(name, config, key, prices, address)
        self._api = MessagesApi(
            api_key=key,
            base_url=address,
            connect_s=config.connect_s,
            stall_s=config.stall_s,
        )

    @property
    def api(self) -> MessagesApi:
        """The server."""
        return self._api

    @property
    def unsigned(self) -> bool:
        """Anthropic's own server takes no thinking that it did not sign."""
        return not self.official

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(images=True, thinking=self.official, structured=self.official)

    def _listed(self, found: Iterable[Mapping[str, Any]]) -> Iterable[ModelInfo]:
        for m in found:
            if m.get("id"):
                yield ModelInfo(
                    str(m.get("id")),
                    str(m.get("display_name") or m.get("id")),
                    next((size for key in _WINDOWS if (size := count(m.get(key)))), 0),
                    count(m.get("max_tokens")) or 0,
                )

    def window(self, model: str) -> int:
        """The model's window in tokens, 0 = unknown."""
        return super().window(model) or (_WINDOW if self.official else 0)

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Answer one tool-less question. Raises BackendError."""
        params: dict[str, Any] = {
            "model": question.model or self.default_model,
            "max_tokens": question.max_tokens,
            "messages": list(question.messages),
        }
        if question.system:
            params["system"] = question.system
        if question.schema is not None and self.official:
            schema = {"type": "json_schema", "schema": question.schema}
            params["output_config"] = {"format": schema}
        return await ask(self, lambda: params, on_text)

    def params(self, host: TurnHost) -> dict[str, Any]:
        """The request: a prefix that does not change, marked for the provider's cache.

        Order as the API caches it: tools, system, messages. The last user message and the one
        before carry breakpoints, so that the next request finds this one's prefix.
        """
        model = host.settings.model or self.default_model
        params: dict[str, Any] = {
            "model": model,
            "max_tokens": self._max_tokens(model, host.context.tokens),
            "system": [
                {
                    "type": "text",
                    "text": self.system(host.settings, host.cwd),
                    "cache_control": _BREAKPOINT,
                }
            ],
            "messages": _with_breakpoints(self._messages(host)),
        }
        tools = host.tools.definitions() if host.tools is not None else []
        if tools:
            tools[-1] = {**tools[-1], "cache_control": _BREAKPOINT}
            params["tools"] = tools
        if self.official and self._config.thinking == "auto" and _THINKS.match(model):
            params["thinking"] = {"type": "adaptive", "display": "summarized"}
            if host.settings.effort:
                params["output_config"] = {"effort": host.settings.effort}
        return params

    def _messages(self, host: TurnHost) -> list[ev.JSON]:
        """The conversation; Anthropic's own server takes no thinking that it did not sign."""
        messages = host.context.messages(unsigned=self.unsigned)
        return [{**m, "content": [_named(block) for block in m["content"]]} for m in messages]


def _named(block: ev.JSON) -> ev.JSON:
    """A call or a result under an id that the API takes: other servers name calls as they like."""
    for key in ("id", "tool_use_id"):
        if key in block and _NO_ID.search(block[key]):
            return {**block, key: _NO_ID.sub("_", block[key])}
    return block


def _with_breakpoints(messages: list[ev.JSON]) -> list[ev.JSON]:
    """Mark the last two user messages; nothing else of them changes."""
    marked = list(messages)
    users = [n for n, m in enumerate(marked) if m["role"] == "user"][-2:]
    for number in users:
        content = list(marked[number]["content"])
        content[-1] = {**content[-1], "cache_control": _BREAKPOINT}
        marked[number] = {**marked[number], "content": content}
    return marked
