"""What can go wrong on the way to a model and back, in words, and whether it may be tried again.

An error that comes after HTTP 200 counts by its type, as the APIs' documentations of errors
have it (platform.claude.com/docs/en/api/errors, developers.openai.com/api/docs/guides/error-codes);
the status of such an error says nothing. Servers that speak OpenAI's API name their errors in
`code`, `type` or `status`, with names of their own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sessions.errors import BackendError, FaultKind
from sessions.safety.retry_after import asked_to_wait
from sessions.safety.sanitise import clean_line
from sessions.safety.secrets_filter import hide

MIN_WAIT_S, MAX_WAIT_S = 1.0, 300.0
LONG_S, MOST_S = 300.0, 8 * 86400.0
"""A limit that lasts longer pauses the session; one of more than a week is not believed."""

_BY_STATUS: dict[int, FaultKind] = {
    400: "invalid",
    401: "auth",
    402: "billing",
    403: "auth",
    404: "not_found",
    408: "network",
    409: "server",
    413: "too_large",
    422: "invalid",
    429: "rate_limit",
    529: "overloaded",
}
_BY_TYPE: dict[str, FaultKind] = {
    "invalid_request_error": "invalid",
    "authentication_error": "auth",
    "permission_error": "auth",
    "billing_error": "billing",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "overloaded_error": "overloaded",
    "timeout_error": "server",
    "api_error": "server",
    # OpenAI
    "invalid_api_key": "auth",
    "insufficient_quota": "billing",
    "billing_hard_limit_reached": "billing",
    "model_not_found": "not_found",
    "context_length_exceeded": "too_large",
    "rate_limit_exceeded": "rate_limit",
    "requests": "rate_limit",
    "tokens": "rate_limit",
    "server_error": "server",
    "engine_overloaded": "overloaded",
    # those that speak its API: Moonshot, llama.cpp, vLLM, Gemini
    "exceeded_current_quota_error": "billing",
    "exceed_context_size_error": "too_large",
    "unavailable_error": "overloaded",
    "BadRequestError": "invalid",
    "NotFoundError": "not_found",
    "INVALID_ARGUMENT": "invalid",
    "UNAUTHENTICATED": "auth",
    "PERMISSION_DENIED": "auth",
    "NOT_FOUND": "not_found",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "UNAVAILABLE": "overloaded",
}
_RETRYABLE: set[FaultKind] = {
    "rate_limit",
    "overloaded",
    "server",
    "network",
    "stalled",
    "truncated",
}
# The words of a request that is too large: each server has its own.
_TOO_LONG = re.compile(
    r"""(prompt|input|request|message|conversation|context)\b.{0,60}\btoo\ (long|large)  # Anthropic
    | context[ _-](length|window|size)  # vLLM, llama.cpp, LiteLLM, LM Studio, MiniMax, OpenAI
    | exceeds?\ .{0,40}(context|token)
    | model\ token\ limit | max(imum)?\ length\ exceeded | message\ size\ \d+\ exceeds  # Kimi
    | exceeds\ max(imum)?\ length | more\ than\ max\ tokens\ allowed  # GLM
    | range\ of\ input\ length  # Qwen
    | token\ count\ of\ \d+\ exceeds | max_prompt_tokens_exceeded  # Copilot
    | longer\ than\ the\ maximum\ model\ length | reduce\ the\ length\ of  # vLLM, Groq
    | maximum\ prompt\ length | input\ token\ count | token\ limit\ exceeded | too\ many\ tokens
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WINDOW = re.compile(
    r"""(?:length\ is | limit\ of | limit: | tokens\ > | \[1, | size\ \( )\s*(\d{3,8})\b
    | "n_ctx":\s*(\d{3,8})\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_CREDIT = re.compile(r"credit balance", re.IGNORECASE)
_WORDS: dict[FaultKind, tuple[str, str]] = {
    "invalid": ("The server refused the request", "The message above says what it did not like."),
    "auth": (
        "The key was refused",
        "Set another key (see `agentdeck doctor`), then ask again.",
    ),
    "billing": ("The account can't be billed", "Look at the account's billing, then ask again."),
    "not_found": (
        "The server does not know this model or address",
        "Choose another model, or correct base_url in the configuration.",
    ),
    "too_large": (
        "The conversation is too large for one request",
        "Compact it, undo the turn with the large paste, or fork from an earlier turn.",
    ),
    "rate_limit": ("The rate limit is reached", "Wait a little, then ask again."),
    "overloaded": ("The server is overloaded", "Wait a little, then ask again."),
    "server": ("The server failed", "Ask again; it is not your doing."),
    "tls": (
        "The server's certificate was not accepted",
        "Check base_url and the clock; SSL_CERT_FILE can name your own certificates.",
    ),
    "network": ("The server can't be reached", "Check the network and base_url, then ask again."),
    "stalled": ("The stream stood still", "Ask again; `stall_s` sets how long to wait."),
    "truncated": ("The answer ended before its end", "What came is kept. Ask again."),
    "setup": ("The connection could not be set up", "Look at your proxy and SSL variables."),
    "memory": (
        "There is too little memory to set up the connection",
        "A limit on it may be in force (ulimit -v).",
    ),
    "protocol": (
        "That was no answer of the API that this backend speaks",
        "Check base_url and type in the configuration.",
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `kind` as in the `error` event; `wait_s` as the server asked, None = did not.

    `final`: the server says itself that trying again is of no use.
    """

    kind: FaultKind
    detail: str = ""
    wait_s: float | None = None
    request_id: str = ""
    final: bool = False
    asked_s: float = 0.0
    """What the server asked to wait, however long."""
    window: int = 0
    """Of a request that is too large: the tokens that the server says it takes, 0 = not said."""

    @property
    def retryable(self) -> bool:
        """Whether trying again can help; only done where nothing had been shown."""
        return self.kind in _RETRYABLE and not self.final

    @property
    def lasts(self) -> bool:
        """Whether it lasts so long that the session is paused meanwhile."""
        return self.kind in _RETRYABLE and LONG_S < self.asked_s <= MOST_S

    @property
    def words(self) -> str:
        """What the server said, as it can be shown and kept."""
        return clean_line(hide(self.detail))[:200].rstrip(". ")

    @property
    def message(self) -> str:
        """A sentence for the user."""
        words = _WORDS.get(self.kind, ("The model could not answer", ""))[0]
        # Hidden before it is cut: a key cut in two is no known value any more.
        detail = clean_line(hide(self.detail))[:500].rstrip(". ")
        named = clean_line(self.request_id)[:100].strip()
        request = f" (request {named})" if named else ""
        return f"{words}: {detail}{request}." if detail else f"{words}{request}."

    def error(self) -> BackendError:
        """As an error to raise."""
        hint = _WORDS.get(self.kind, ("", "Ask again."))[1]
        return BackendError(self.message, hint, kind=self.kind)


class FaultError(Exception):
    """Carries a fault up to where it is decided whether to try again."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def of_status(status: int, body: bytes, headers: Any) -> Fault:
    """The fault behind an HTTP status other than 200."""
    kind = _of_code(status)
    detail, by_type = _detail(body)
    if status < 500 and by_type and by_type != "server":
        kind = by_type
    words = f"{detail} {_beside(body)}"
    asked = asked_to_wait(headers)
    return Fault(
        _by_words(kind, words),
        f"HTTP {status}{', ' + detail if detail else ''}",
        wait_s=_bounded(asked),
        request_id=str(headers.get("request-id") or headers.get("x-request-id") or ""),
        asked_s=asked or 0.0,
        final=str(headers.get("x-should-retry")).lower() == "false",
        window=_window(words),
    )


def of_event(error: Any, request_id: str = "") -> Fault:
    """The fault behind an error in a stream: by its type, its code, its words."""
    if not isinstance(error, dict):
        words = "" if error is None else str(error)[:500]
        kind = _by_words("server", words)
        return Fault(kind, words, request_id=request_id, window=_window(words))
    named, message = (str(error.get(key) or "") for key in ("type", "message"))
    kind = _named(error) or "server"
    words = ": ".join(word for word in (named, message) if word) or json.dumps(error)[:500]
    said = f"{message} {_marks(error)}"
    kind = _by_words(kind, said)
    return Fault(kind, words, request_id=request_id, window=_window(said))


def _of_code(status: int) -> FaultKind:
    return _BY_STATUS.get(status, "server" if status >= 500 else "invalid")


def _named(error: dict[str, Any]) -> FaultKind | Literal[""]:
    """The kind that an error names itself by: its type, or a code that is a name or a status."""
    for key in ("code", "type", "status"):
        name = str(error.get(key))
        if re.fullmatch("[45][0-9]{2}", name):
            return _of_code(int(name))
        if name in _BY_TYPE:
            return _BY_TYPE[name]
    return ""


def _by_words(kind: FaultKind, detail: str) -> FaultKind:
    """Two faults that servers call something else, and that have remedies of their own."""
    if kind in ("invalid", "server") and _TOO_LONG.search(detail):
        return "too_large"
    return "billing" if kind == "invalid" and _NO_CREDIT.search(detail) else kind


def _window(words: str) -> int:
    """The window that a server names as it refuses what is larger."""
    found = _WINDOW.search(words)
    return int(found[1] or found[2]) if found else 0


def _beside(body: bytes) -> str:
    """What an error's body says beside its message."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = data.get("error") if isinstance(data, dict) else None
    return _marks(error if isinstance(error, dict) else data)


def _marks(error: Any) -> str:
    """A type, a code, a size, and the words of a server that stands behind another."""
    if not isinstance(error, dict):
        return ""
    behind = error.get("metadata")
    raw = behind.get("raw") if isinstance(behind, dict) else ""
    size = f'"n_ctx": {error["n_ctx"]}' if error.get("n_ctx") else ""
    return f"{error.get('type')} {error.get('code')} {size} {str(raw)[:2000]}"


def _detail(body: bytes) -> tuple[str, FaultKind | Literal[""]]:
    """The message of an error's body, and the kind that its type means."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return _text(body), ""
    if isinstance(data, list) and data:  # Gemini
        data = data[0]
    if not isinstance(data, dict):
        return _text(body), ""
    error = data.get("error")
    if not isinstance(error, dict):
        # {"object": "error", "message": …}, {"code": "1261", "message": …}, {"detail": …}
        said = error or data.get("message") or data.get("detail")
        return (said if isinstance(said, str) else _text(body)), _named(data)
    return str(error.get("message", "")), _named(error)


def _text(body: bytes) -> str:
    """The beginning of a body that is no JSON, without its tags."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", body[:4000].decode("utf-8", "replace"))
    return " ".join(text.split())[:200]


def retry_after(headers: Any, now: datetime | None = None) -> float | None:
    """Seconds to wait within a turn, between 1 and 300, or None where the server does not say."""
    return _bounded(asked_to_wait(headers, now))


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, MIN_WAIT_S), MAX_WAIT_S)
