"""OpenCode, Claude Code and a native backend, all against one scripted server on loopback.

    python -m tests.agents.setting HOME     writes HOME/config.toml and serves, to look by hand

`AGENTDECK_AGENTS` names the folder into which npm installed `opencode-ai` and
`@agentclientprotocol/claude-agent-acp`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sessions.record import events as ev
from tests.support.messages_server import (
    Gate,
    MessagesServer,
    Raw,
    Request,
    Sleep,
    Step,
    call,
    say,
    sse,
    start,
    stop,
    text,
)

FOLDER = os.environ.get("AGENTDECK_AGENTS", "")
AGENTS = ("opencode", "claude-code")
KINDS = ("native", *AGENTS)
MADE = "made-by-agent"
"""The file that the scripted shell command makes."""
WRITTEN = "written-by-agent.txt"
_OPENCODE_QUIET = (
    "AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "SHARE"
)  # fmt: skip


def configuration(url: str, root: Path) -> str:
    """A config.toml with all three; the agents keep their own things under `root`."""
    tables = []
    for name in AGENTS:
        command, env = command_of(name, url, root)
        table = f'type = "acp"\ncommand = {json.dumps(command)}\nenv = {_toml(env)}\n'
        tables.append(f"[backends.{name}]\n{table}")
    return (
        '[defaults]\nprofile = "native"\n'
        f'[backends.native]\nbase_url = "{url}"\nmodel = "mock-model"\n'
        '[profiles.native]\nbackend = "native"\n' + "".join(tables)
    )


def command_of(name: str, url: str, root: Path) -> tuple[list[str], dict[str, str]]:
    """How an agent is started: its command and what it needs in its environment."""
    bin_ = Path(FOLDER) / "node_modules" / ".bin"
    if name == "opencode":
        return [f"{bin_}/opencode", "acp"], _opencode(url, root)
    return [f"{bin_}/claude-agent-acp"], _claude(url, root)


def _opencode(url: str, root: Path) -> dict[str, str]:
    provider = {
        "npm": "@ai-sdk/anthropic",
        "options": {"baseURL": f"{url}/v1", "apiKey": "local"},
        "models": {"mock-model": {"name": "Mock"}},
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
        **{f"XDG_{n}_HOME": str(root / n) for n in ("CONFIG", "DATA", "CACHE", "STATE")},
    }


def _claude(url: str, root: Path) -> dict[str, str]:
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "local",
        "ANTHROPIC_MODEL": "mock-model",
        "ANTHROPIC_SMALL_FAST_MODEL": "mock-model",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CONFIG_DIR": str(root / "claude"),
        "HOME": str(root),  # its shell is a login one: what the developer's does there takes time
        "IS_SANDBOX": "1",  # as root, it opens no session without
    }


def _toml(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in values.items()) + "}"


# -- what the model says


def since_last_answer(request: Request) -> list[ev.JSON]:
    """The messages after the model's last one: an agent may add reminders behind the user's."""
    recent: list[ev.JSON] = []
    for message in reversed(request.body.get("messages", [])):
        if message["role"] == "assistant":
            break
        recent.insert(0, message)
    return recent


def tool_named(request: Request, name: str) -> str:
    """What the asker calls a tool, or "": agents also ask for titles, without any tool."""
    names = [str(t["name"]) for t in request.body.get("tools") or []]
    return next((n for n in names if n.lower() == name), "")


@dataclass
class Model:
    """Does what the user's words say.

    `please run`: calls the shell. `please write`: writes a file by the agent's own tool.
    `please hold`: says `half-told` and the rest only when `gate`
    is opened. `please stream`: a word every 50 ms, for half a minute. Else: a short answer.
    """

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    work: Path = field(default_factory=Path.cwd)

    def __call__(self, request: Request) -> Sequence[Step]:
        """The steps of one answer."""
        said = json.dumps(since_last_answer(request))
        shell = tool_named(request, "bash")
        if '"tool_result"' in said:
            return say("The tool has ", "run.")
        if "please run" in said and shell:
            given = {"command": f"touch {MADE}", "description": "Make a file"}
            return call(shell, given, f"toolu_{request.number}")
        if "please write" in said and (write := tool_named(request, "write")):
            path = "filePath" if write == "write" else "file_path"  # OpenCode's, Claude Code's
            given = {path: f"{self.work}/{WRITTEN}", "content": "one\ntwo\n"}
            return call(write, given, f"toolu_{request.number}")
        if "please hold" in said and shell:
            return self._held()
        if "please stream" in said and shell:
            return _long()
        return say("These ", "are ", "the ", "answers.")

    def _held(self) -> list[Step]:
        begun, ended = text(0, "half-told ", "wholly-told")[:2], text(0, "wholly-told")[1:]
        return [start(), *begun, Gate(self.gate), *ended, *stop()]


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
