"""How an agent's refusal and its end are told to a person."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from sessions.errors import BackendError
from sessions.safety.sanitise import clean, clean_line

if TYPE_CHECKING:
    from acp.exceptions import RequestError

_MOST_WORDS = 600


def refused(name: str, method: str, error: RequestError, printed: str) -> BackendError:
    """What an agent's refusal is, and what it printed meanwhile."""
    detail = _words(error.data)
    if detail in str(error):
        detail = ""
    detail += f" It printed: {printed}" if printed else ""
    if error.code == -32000:  # the protocol's "authentication required"
        return BackendError(
            f"The agent {name} wants you to sign in. {detail}".strip(),
            'Choose "Sign in" in the palette, or run '
            f"`agentdeck agents sign-in {name}`; then send again.",
            kind="auth",
        )
    return BackendError(
        f"The agent {name} refused {method}: {clean(str(error))} {detail}".strip(), kind="agent"
    )


def _words(data: Any, depth: int = 0) -> str:
    """What an error's `data` says, for a person: its texts and numbers with their names."""
    if isinstance(data, dict) and depth < 4:
        plain = ("details", "detail", "message", "reason")
        told = ((k, _words(v, depth + 1)) for k, v in data.items())
        said = "; ".join(text if k in plain else f"{k}: {text}" for k, text in told if text)
    elif isinstance(data, list) and depth < 4:
        said = ", ".join(text for v in data[:20] if (text := _words(v, depth + 1)))
    else:
        said = "" if data is None else str(data)
    said = clean_line(said).strip()
    return said if len(said) <= _MOST_WORDS else said[:_MOST_WORDS] + "…"


def how_ended(exit_code: int) -> str:
    """An exit code in words; below zero it is the signal that ended the process."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"ended by signal {-exit_code}"
