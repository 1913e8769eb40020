"""Which backend a configured name means, and what each is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sessions.api.answers import BackendAbilities, BackendListed
from sessions.backends.base import Backend, Capabilities
from sessions.config.model import KEY_VARIABLES, BackendConfig, Config
from sessions.errors import NotFound
from sessions.paths import Places
from sessions.record.terminal_state import TERMINAL
from sessions.safety.secrets_filter import address

_PATIENCE_S = 15.0


def make(name: str, config: Config, places: Places) -> Backend:
    """The backend of that name; nothing is started or imported until it is used.

    Raises NotFound when there is none.
    """
    found = config.backends.get(name)
    if name == TERMINAL:
        from sessions.backends.terminal import TerminalBackend

        return TerminalBackend()
    if found is None:
        raise NotFound(f"No backend is called {name}.", f"There are: {', '.join(config.backends)}.")
    if found.type == "local":
        from sessions.backends.local import LocalBackend

        return LocalBackend(name, found, places.state)
    if found.type == "acp":
        from sessions.backends.acp.backend import AcpBackend, AgentConfig

        return AcpBackend(
            AgentConfig(
                name,
                found.command,
                found.env,
                found.model,
                places.state,
                directory=found.directory,
                skills=partial(_skill_names, config, places),
                providers=found.providers,
            )
        )
    if found.type == "openai":
        from sessions.backends.openai import OpenAIBackend

        return OpenAIBackend(name, found, found.key, config.prices)
    from sessions.backends.anthropic import AnthropicBackend

    return AnthropicBackend(name, found, found.key, config.prices)


def _skill_names(config: Config, places: Places, cwd: Path | None) -> list[str]:
    from sessions.library import library

    skills = library(list(config.skills.paths), places).scan(cwd)
    return sorted({skill.name for skill in skills})


async def describe(config: Config, places: Places) -> list[BackendListed]:
    """Every backend: whether it can be used here, and the remedy where it can't."""
    default = config.choose().backend
    rows: list[BackendListed] = []
    for name, found in config.backends.items():
        ok, detail, remedy = _state(found)
        model, can = _offered(name, config, places)
        rows.append(
            {
                "name": name,
                "type": found.type,
                "model": model,
                "ok": ok,
                "detail": detail,
                "remedy": remedy,
                "default": name == default,
                "capabilities": _abilities(can),
            }
        )
    return rows


async def asked(config: Config, places: Places, rows: Sequence[BackendListed]) -> None:
    """Ask the servers that the configuration names for their models, and say what came of it.

    A row of `describe` whose server can't be asked is `ok` no longer.
    """

    async def ask(row: BackendListed) -> None:
        backend = make(row["name"], config, places)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                ok, told, remedy = await backend.listed()  # type: ignore[attr-defined]
        except TimeoutError:
            ok, told, remedy = False, "Its server does not answer.", "Check base_url."
        finally:
            await backend.close()
        row["ok"] = ok
        row["detail"] = f"{row['detail']} {told}"
        row["remedy"] = row["remedy"] or remedy

    named = (r for r in rows if r["ok"] and r["type"] in KEY_VARIABLES)
    await asyncio.gather(*(ask(r) for r in named if config.backends[r["name"]].base_url))


def _offered(name: str, config: Config, places: Places) -> tuple[str, Capabilities]:
    """The model of a backend that nobody has used, and what it can do."""
    found = config.backends[name]
    if found.type == "acp":
        from sessions.backends.acp import before_start

        title = before_start.title_of(name, found.command)
        models = bool(found.model)
        return found.model, before_start.capabilities(title, found.command, models=models)
    backend = make(name, config, places)
    return backend.default_model, backend.capabilities


def _abilities(can: Capabilities) -> BackendAbilities:
    return {
        "tools": can.tools,
        "images": can.images,
        "thinking": can.thinking,
        "steer": can.steer,
        "fork": can.fork,
        "models": can.models,
        "own_tools": can.own_tools,
        "elsewhere": can.elsewhere,
        "structured": can.structured,
        "trims": can.trims,
        "note": can.note,
        "reasons": dict(can.reasons),
    }


def _state(config: BackendConfig) -> tuple[bool, str, str]:
    """Whether a backend can be used: ok, what is there or missing, what to do."""
    if config.type == "local":
        from sessions.backends.local import NOTE, missing

        lacking = missing(config)
        return (False, *lacking) if lacking else (True, NOTE, "")
    if config.type == "acp":
        return _agent_state(config)
    if config.type == "openai":
        from sessions.backends.openai import INSTALL, not_installed

        if without := not_installed():
            return False, without, f"Run: {INSTALL}"
    if config.key:
        return True, "A key is there.", ""
    if config.base_url:
        return True, f"{address(config.base_url)}, without a key.", ""
    return (
        False,
        f"No key: {config.variable} is not set.",
        f"Set {config.variable}, or api_key in the file.",
    )


def _agent_state(config: BackendConfig) -> tuple[bool, str, str]:
    import shutil

    from sessions.config.known_agents import known_by_command

    known = known_by_command(config.command)
    program = config.command[0] if config.command else ""
    if shutil.which(program):
        sign_in = f"Sign in, if need be: {known.sign_in}." if known else ""
        return True, f"{program} is installed.", sign_in
    remedy = known.install if known and program == known.command[0] else f"Install {program}."
    return False, f"{program} is not on the PATH.", remedy
