"""Seven agents and a native backend, all against one scripted server on loopback.

    python -m tests.agents.setting HOME     writes HOME/config.toml and serves, to look by hand

`AGENTDECK_AGENTS` names the folder into which they were installed: npm's, and one of Python's
virtual environments in `vibe`. What is not there is left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.agents import dialects
from tests.support import gemini_steps
from tests.support.messages_server import (
    Gate,
    MessagesServer,
    Raw,
    Request,
    Sleep,
    Step,
    sse,
    start,
    stop,
    text,
)

FOLDER = os.environ.get("AGENTDECK_AGENTS", "")
BY_NPM = "node_modules/.bin"
PROGRAMS = {
    "opencode": (f"{BY_NPM}/opencode", "acp"),
    "claude-code": (f"{BY_NPM}/claude-agent-acp",),
    "codex": (f"{BY_NPM}/codex-acp",),
    "gemini": (f"{BY_NPM}/gemini", "--acp"),
    "qwen": (f"{BY_NPM}/qwen", "--acp"),
    "vibe": ("vibe/bin/vibe-acp",),
    "copilot": (f"{BY_NPM}/copilot", "--acp"),
}
AGENTS = tuple(
    n for n, (program, *_) in PROGRAMS.items() if FOLDER and Path(FOLDER, program).exists()
)
PROVIDERS = {"claude-code": ("main", "anthropic", ""), "codex": ("openai", "openai", "/v1")}
"""Of those whose provider can be chosen: its id, its API, and what its address has behind it."""
SIX = tuple(
    kind
    for kind in ("claude-code", "codex", "opencode", "gemini", "qwen", "openai")
    if kind in (*AGENTS, "openai")
)
"""One of each are the six tiles, where all are here."""
MADE = "made-by-agent"
"""The file that the scripted shell command makes."""
WRITTEN = "written-by-agent.txt"


def configuration(url: str, root: Path, agents: Sequence[str] = AGENTS) -> str:
    """A config.toml with all of them; the agents keep their own things under `root`."""
    tables = []
    for name in agents:
        command, env = command_of(name, url, root)
        table = f'type = "acp"\ncommand = {json.dumps(command)}\nenv = {_toml(env)}\n'
        tables.append(f"[backends.{name}]\n{table}")
    return (
        '[defaults]\nprofile = "native"\n'
        f'[backends.native]\nbase_url = "{url}"\nmodel = "mock-model"\n'
        f'[backends.openai]\ntype = "openai"\nbase_url = "{url}/v1"\nmodel = "mock-model"\n'
        '[profiles.native]\nbackend = "native"\n' + "".join(tables)
    )


def command_of(name: str, url: str, root: Path) -> tuple[list[str], dict[str, str]]:
    """How an agent is started: its command and what it needs in its environment."""
    program, *words = PROGRAMS[name]
    root.mkdir(parents=True, exist_ok=True)
    # Some start a login shell: what the developer's does there takes time.
    return [f"{FOLDER}/{program}", *words], {"HOME": str(root), **_NEEDS[name](url, root)}


def _opencode(url: str, home: Path) -> dict[str, str]:
    sees = {"input": ["text", "image"], "output": ["text"]}
    provider = {
        "npm": "@ai-sdk/anthropic",
        "options": {"baseURL": f"{url}/v1", "apiKey": "local"},
        "models": {
            name: {"name": title, "attachment": True, "modalities": sees}
            for name, title in (("mock-model", "Mock"), ("other-model", "Other"))
        },
    }
    config = {
        "autoupdate": False,
        "share": "disabled",
        "model": "mock/mock-model",
        "small_model": "mock/mock-model",
        "enabled_providers": ["mock"],
        "permission": {"bash": "ask", "edit": "ask"},
        "provider": {"mock": provider},
    }
    return {
        "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        "OPENCODE_PURE": "1",
        **{f"OPENCODE_DISABLE_{name}": "1" for name in _OPENCODE_QUIET},
        **{f"XDG_{n}_HOME": str(home / f".{n.lower()}") for n in _XDG},
    }


_XDG = ("CONFIG", "DATA", "CACHE", "STATE")
_OPENCODE_QUIET = (
    "AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "SHARE"
)  # fmt: skip


def _claude(url: str, home: Path) -> dict[str, str]:
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "local",
        "ANTHROPIC_MODEL": "mock-model",
        "ANTHROPIC_SMALL_FAST_MODEL": "mock-model",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "IS_SANDBOX": "1",  # as root, older ones open no session without
    }


def _codex(url: str, home: Path) -> dict[str, str]:
    table = f"""model = "mock-model"
model_provider = "mock"
[analytics]
enabled = false
[model_providers.mock]
name = "Mock"
base_url = "{url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
"""
    _keep(home / ".codex" / "config.toml", table)
    return {"CODEX_HOME": str(home / ".codex"), "OPENAI_API_KEY": "local"}


_GEMINI_QUIET = {
    "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
}
"""Qwen Code, which came of it, takes the same."""


def _gemini(url: str, home: Path) -> dict[str, str]:
    settings = {
        **_GEMINI_QUIET,
        "security": {
            "auth": {"selectedType": "gemini-api-key"},
            "folderTrust": {"enabled": False},  # it takes MCP servers in trusted folders alone
        },
    }
    _keep(home / ".gemini" / "settings.json", json.dumps(settings))
    return {
        "GEMINI_API_KEY": "local",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_TELEMETRY_ENABLED": "false",
    }


def _qwen(url: str, home: Path) -> dict[str, str]:
    settings = {
        **_GEMINI_QUIET,
        "security": {"auth": {"selectedType": "openai"}},
        "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False},
        "ui": {"enableFollowupSuggestions": False},
    }
    _keep(home / ".qwen" / "settings.json", json.dumps(settings))
    return {
        "OPENAI_API_KEY": "local",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_MODEL": "qwen3-vl-plus",
    }


def _vibe(url: str, home: Path) -> dict[str, str]:
    table = f"""active_model = "mock"
enable_telemetry = false
enable_update_checks = false
enable_auto_update = false
[[providers]]
name = "mock"
api_base = "{url}/v1"
api_key_env_var = "MISTRAL_API_KEY"
[[models]]
name = "mock-model"
provider = "mock"
alias = "mock"
supports_images = true
"""
    _keep(home / ".vibe" / "config.toml", table)
    return {"VIBE_HOME": str(home / ".vibe"), "MISTRAL_API_KEY": "local"}


def _copilot(url: str, home: Path) -> dict[str, str]:
    return {
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_PROVIDER_API_KEY": "local",
        "COPILOT_MODEL": "mock-model",
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_HOME": str(home / ".copilot"),
    }


_NEEDS = {
    "opencode": _opencode,
    "claude-code": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "qwen": _qwen,
    "vibe": _vibe,
    "copilot": _copilot,
}


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _toml(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in values.items()) + "}"


# -- what the model says


@dataclass
class Model:
    """Does what the user's last words say, in whatever API it is asked.

    `please run`: calls the shell. `please write`: writes a file by the agent's own tool.
    `please add`: calls the tool of an MCP server.
    `please hold`: says `half-told` and the rest only when `gate` is opened.
    `please stream`: a word every 50 ms, for half a minute.
    Else, and at `please answer`: a short answer.
    """

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    work: Path = field(default_factory=Path.cwd)

    def __call__(self, request: Request) -> Sequence[Step]:
        """The steps of one answer."""
        if request.path.endswith(gemini_steps.WHOLE):
            return [gemini_steps.whole("{}")]
        speak, wish = dialects.of(request), dialects.wish(request)
        shell, number = dialects.shell(request), f"call_{request.number}"
        found = dialects.searched(request)
        if (wish == "add" or (wish == "told" and found)) and (add := dialects.adding(request)):
            return speak.call(*add, number)
        if wish == "told":
            return speak.say("The tool has ", "run.")
        if wish == "run" and shell:
            line = f"touch {MADE}"
            # Codex asks only for what is to run outside of its own sandbox.
            outside = {"sandbox_permissions": "require_escalated", "justification": "May I?"}
            given = dialects.filled(shell, {"command": line, "cmd": line, **outside})
            return speak.call(shell["name"], given, number)
        if wish == "write" and (write := dialects.writer(request)):
            words = {name: "one\ntwo\n" for name in ("content", "file_text")}
            path = {name: f"{self.work}/{WRITTEN}" for name in ("filePath", "file_path", "path")}
            return speak.call(write["name"], dialects.filled(write, words | path), number)
        if wish == "hold" and shell:
            first, second = speak.held("half-told ", "wholly-told")
            return [*first, Gate(self.gate), *second]
        if wish == "stream" and shell:
            return _long()
        return speak.say("These ", "are ", "the ", "answers.")


def _long() -> list[Step]:
    steps: list[Step] = [start(), text(0)[0]]
    for number in range(600):
        delta = {"type": "text_delta", "text": f"word{number}" + (" " if number % 12 else ".\n\n")}
        steps += [sse("content_block_delta", index=0, delta=delta), Sleep(0.05)]
    end: list[Step] = [Raw(s.data) for s in text(0)[1:] if isinstance(s, Raw)]
    return [*steps, *end, *stop()]


# -- to look by hand


async def _serve(home: Path) -> None:
    async with MessagesServer(Model(work=Path.cwd()), port=0) as server:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "config.toml").write_text(configuration(server.url, home / "agents"))
        (home / "config.toml").chmod(0o600)
        print(f"{server.url}; now: AGENTDECK_HOME={home} agentdeck", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]).resolve()))
