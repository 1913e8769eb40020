"""Skills that an agent reads by itself, and its own switches for them.

The deck hands over the skills that are on. One that the agent reads by itself would be told twice,
or be told though it is off; so what it reads is switched off for the deck's process or session,
where that touches none of the user's files. Where it can't be, the agent's own telling stands, and
the deck leaves those skills out of its own. Tried with the versions that docs/agents.md names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sessions.backends.acp.transport import Message
from skills import private_files

Env = Callable[[Mapping[str, str], Sequence[str], Path], Mapping[str, str]]
"""From its environment, the skills' names and a folder of ours: what to add to the first."""


def _opencode(env: Mapping[str, str], names: Sequence[str], folder: Path) -> Mapping[str, str]:
    return _merged(env, "OPENCODE_PERMISSION", {"skill": "deny"})


def _codex(env: Mapping[str, str], names: Sequence[str], folder: Path) -> Mapping[str, str]:
    return _merged(env, "CODEX_CONFIG", {"skills": {"include_instructions": False}})


def _vibe(env: Mapping[str, str], names: Sequence[str], folder: Path) -> Mapping[str, str]:
    return {"VIBE_DISABLED_SKILLS": '["*"]'}


def _qwen(env: Mapping[str, str], names: Sequence[str], folder: Path) -> Mapping[str, str]:
    name = "QWEN_CODE_SYSTEM_SETTINGS_PATH"
    there = Path(env.get(name) or "/etc/qwen-code/settings.json")
    try:
        settings = _object(there.read_text("utf-8"))
    except OSError:
        settings = {}
    part = settings.get("skills")
    skills = dict(part) if isinstance(part, dict) else {}
    skills["disabled"] = sorted({*map(str, skills.get("disabled") or ()), *names})
    ours = folder / "qwen-settings.json"
    private_files.write(ours, json.dumps({**settings, "skills": skills}), synced=False)
    return {name: str(ours)}


def _gemini(env: Mapping[str, str], names: Sequence[str], folder: Path) -> Mapping[str, str]:
    # `skills.disabled` holds only in the user's own files: those of the system (0.61.0) have to
    # be root's, with every folder above them. Its tool `activate_skill` goes on naming them.
    return {"GEMINI_PROMPT_AGENTSKILLS": "0"}


_ENV: Mapping[str, Env] = {
    "opencode": _opencode,
    "codex": _codex,
    "vibe": _vibe,
    "qwen": _qwen,
    "gemini": _gemini,
}
BY_NAME = ("qwen", "claude-code")
"""Those that are told which skills; the others leave all of them to the deck."""
_READS = {
    "claude-code": ((".claude/skills",), (".claude/skills",)),
    "qwen": ((".agents/skills", ".qwen/skills"), (".agents/skills", ".qwen/skills")),
    "copilot": (
        (".agents/skills", ".copilot/skills"),
        (".agents/skills", ".claude/skills", ".github/skills"),
    ),
}
"""What an agent reads below the home directory and below a project, unless it is told not to."""


def switched_off(
    agent: str, env: Mapping[str, str], names: Sequence[str], folder: Path
) -> dict[str, str]:
    """An agent's environment in which it does not read the skills by itself, if it can be so."""
    switch = _ENV.get(agent)
    return {**env, **(switch(env, names, folder) if switch else {})}


def meta(agent: str, names: Iterable[str]) -> Message:
    """What a session is opened with so that the agent does not read the skills by itself."""
    if agent != "claude-code":
        return {}
    settings = {"skillOverrides": {name: "off" for name in sorted(names)}}
    return {"_meta": {"claudeCode": {"options": {"settings": settings}}}}


def read_by(
    agent: str, off: Iterable[str] | None, skills: Iterable[tuple[str, Path]], cwd: Path
) -> frozenset[str]:
    """The names of those skills that an agent reads by itself, whatever their state is.

    `off`: the names that its running process was told not to read; None where none runs, and the
    next one will be told.
    """
    home, project = _READS.get(agent, ((), ()))
    folders = [Path.home() / each for each in home]
    folders += [top / each for top in (cwd, *cwd.parents) for each in project]
    if agent in BY_NAME:
        if off is None:
            return frozenset()
        told = set(off)
        skills = [(name, path) for name, path in skills if name not in told]
    found = (n for n, path in skills if any(path.is_relative_to(f) for f in folders))
    return frozenset(found)


def _merged(env: Mapping[str, str], name: str, more: Message) -> Mapping[str, str]:
    """A variable that holds JSON, with more in it; what it says already stands."""
    return {name: json.dumps(_over(more, _object(env.get(name) or "{}")))}


def _over(under: Message, given: Message) -> Message:
    """Both; what is given stands, and first: with OpenCode the last rule that fits counts."""
    out: dict[str, Any] = dict(given)
    for key, value in under.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _over(value, out[key]) if both else out.get(key, value)
    return out


def _object(text: str) -> Message:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
