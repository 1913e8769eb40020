"""How one signs in to an agent: by its own methods, in a terminal, or by a variable.

Methods are those of initialize (`authMethods`): of type `agent` (the default: the agent does it
itself at `authenticate`, often in a browser), `terminal` (the agent's own program with other
arguments) and `env_var`. Agents older than the type tell a terminal's command in
`_meta["terminal-auth"]`. The login command of the table of agents comes last.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions.backends.acp.transport import Message
from sessions.config.known_agents import KnownAgent, is_remote
from sessions.record.closed_sets import SignInKind


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way. `kind`: `agent` (ask it), `terminal` (run `command`) or `variable` (set them)."""

    id: str
    name: str
    kind: SignInKind
    description: str = ""
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def ways(info: Message, command: Sequence[str], known: KnownAgent | None) -> list[SignIn]:
    """Every way to sign in to an agent that answered initialize with `info`, the best first.

    To one on another machine one signs in there, in a terminal of that machine.
    """
    given = info.get("authMethods")
    methods = [m for m in given if isinstance(m, dict)] if isinstance(given, list) else []
    found = [_way(method, command) for method in methods if method.get("id")]
    login = known.login if known else ()
    if is_remote(command):
        found, login = [_there(way) for way in found], ()
    if login and shutil.which(login[0]) and not any(w.kind == "terminal" for w in found):
        found.append(SignIn("login", " ".join(login), "terminal", "", login))
    if known and not found:
        where = " of the machine where it runs" if is_remote(command) else ""
        found.append(
            SignIn("by-hand", known.sign_in, "variable", f"By hand, in a terminal{where}.")
        )
    return sorted(found, key=lambda way: way.kind != "terminal")


def _way(method: Message, command: Sequence[str]) -> SignIn:
    name = str(method.get("name") or method["id"])
    about = str(method.get("description") or "")
    kind = str(method.get("type") or "agent")
    meta = method.get("_meta")
    older = meta.get("terminal-auth") if isinstance(meta, dict) else None
    if isinstance(older, dict) and older.get("command"):
        argv = (str(older["command"]), *_strings(older.get("args")))
        return SignIn(str(method["id"]), name, "terminal", about, argv, _env(older.get("env")))
    if kind == "terminal":
        argv = (*command, *_strings(method.get("args")))
        return SignIn(str(method["id"]), name, "terminal", about, argv, _env(method.get("env")))
    if kind == "env_var":
        names = [str(v.get("name")) for v in method.get("vars") or [] if isinstance(v, dict)]
        told = f"Set {', '.join(names)} where the engine is started, then restart it."
        return SignIn(str(method["id"]), name, "variable", f"{about} {told}".strip())
    return SignIn(str(method["id"]), name, "agent", about)


def _there(way: SignIn) -> SignIn:
    if way.kind != "terminal":
        return way
    line = shlex.join(way.command)
    return SignIn(way.id, way.name, "variable", f"Run it on the agent's machine: {line}")


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def _env(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
