"""One question without an engine, for commands: the backend is made, asked, and closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sessions.backends.base import Question, Reply


async def ask(
    messages: Sequence[Mapping[str, Any]],
    *,
    backend: str | None = None,
    model: str | None = None,
    schema: Mapping[str, Any] | None = None,
    max_tokens: int = 4096,
    system: str = "",
) -> Reply:
    """Ask the configured (or named) backend one tool-less question.

    Raises:
        UsageError: the configuration is wrong.
        BackendError: it could not be answered.
    """
    from sessions import config
    from sessions.backends.registry import make
    from sessions.paths import places

    here = places()
    loaded = config.load(here.config_file)
    choice = loaded.choose(backend=backend or "", model=model or "")
    made = make(choice.backend, loaded, here)
    try:
        return await made.ask(
            Question(
                messages=messages,
                system=system,
                model=choice.model or made.default_model,
                schema=schema,
                max_tokens=max_tokens,
            )
        )
    finally:
        await made.close()
