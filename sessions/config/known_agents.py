"""Agents that are known by name: how to start, install and sign in to each.

`ask_mode` is the agent's own mode in which it asks before it acts; several start in one that
does not (tried: claude-agent-acp 0.101 starts in `auto`, vibe in `accept-edits`, OpenCode runs
commands unasked unless configured). The deck sets it after every session/new and session/load
and answers the agent's requests by its own permission modes.
"""

from __future__ import annotations

import re
import secrets
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

# What every agent may see of the user's environment, beside HOME, PATH and the like.
COMMON_ENV = (
    "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK", "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER",
)  # fmt: skip


def _nothing() -> dict[str, str]:
    return {}


# Its last word counts. What reads the directory or its own notes is not asked for; tools of MCP
# servers (any name) and of later versions are.
_OPENCODE_ASKS = (
    '{"*":"ask","bash":"ask","edit":"ask","webfetch":"ask",'
    '"read":{"*":"allow","*.env":"ask","*.env.*":"ask","*.env.example":"allow"},'
    '"glob":"allow","grep":"allow","list":"allow","todowrite":"allow","todoread":"allow",'
    '"task":"allow","external_directory":"ask"}'
)


def _opencode_env() -> dict[str, str]:
    # `opencode acp` also listens on loopback and answers anybody without a password.
    return {
        "OPENCODE_SERVER_PASSWORD": secrets.token_urlsafe(24),
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_PERMISSION": _OPENCODE_ASKS,
    }


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """One agent. `keys` are the environment variables of the user's that it may see."""

    name: str
    title: str
    command: tuple[str, ...]
    install: str
    sign_in: str
    login: tuple[str, ...] = ()
    """Its own command that signs in, in a terminal."""
    keys: tuple[str, ...] = ()
    ask_mode: str = ""
    full_mode: str = ""
    """Its mode for sessions in mode `full`, where its own sandbox would hold it back in others."""
    env: Callable[[], Mapping[str, str]] = field(default=_nothing)
    carry: tuple[str, ...] = ()
    """What of `env` goes along to another machine, as part of the command: no secret."""
    usage_so_far: bool = False
    """The `usage` of its answers is the session's so far, not the turn's."""
    cost_begins_anew: bool = False
    """The cost that it tells is the sum since its session was last entered."""
    missing_is_empty: bool = False
    """It can make a file only if one that is not there reads as empty."""
    late_replay_s: float = 0.2
    """How long nothing comes after `session/load` before its retelling of the past is over."""
    own_minute: bool = False
    """A conversation that is loaded within the minute in which it began loses its record."""
    key_ways: tuple[str, ...] = ()
    """Its sign-in methods that need nothing but a key of `keys`: it wants one called once."""
    by_folder: bool = False
    """It shows its own working directory as the session's: one process for each directory."""
    lists_by_folder: bool = False
    """It lists only the sessions of a directory that it is told."""
    says_beside: bool = False
    """It says lines of its own ("Info: …") among the chunks of an answer."""
    keeps_servers: Literal["", "session", "process"] = ""
    """An open session's MCP servers stay as they are until that session is closed, or its
    process ends."""
    mcp_option: str = ""
    """Its option that names a file of MCP servers: it takes no programs with a session."""

    @property
    def installed(self) -> bool:
        """Whether its program is on the PATH."""
        return shutil.which(self.command[0]) is not None


AGENTS: dict[str, KnownAgent] = {
    agent.name: agent
    for agent in (
        KnownAgent(
            "opencode",
            "OpenCode",
            ("opencode", "acp"),
            "npm install -g opencode-ai",
            "opencode auth login",
            ("opencode", "auth", "login"),
            (
                "ANTHROPIC_API_KEY",
                "OPENAI_API_KEY",
                "OPENCODE_CONFIG",
                "OPENCODE_CONFIG_CONTENT",
                "OPENCODE_DB",
            ),
            env=_opencode_env,
            carry=("OPENCODE_PERMISSION", "OPENCODE_DISABLE_AUTOUPDATE"),
            keeps_servers="process",
        ),
        KnownAgent(
            "claude-code",
            "Claude Code",
            ("claude-agent-acp",),
            "npm install -g @agentclientprotocol/claude-agent-acp",
            "claude auth login, or set ANTHROPIC_API_KEY",
            ("claude", "auth", "login"),
            (
                "ANTHROPIC_API_KEY",
                "ANTHROPIC_BASE_URL",
                "ANTHROPIC_MODEL",
                "ANTHROPIC_SMALL_FAST_MODEL",
                "ANTHROPIC_AUTH_TOKEN",
                "CLAUDE_CONFIG_DIR",
                "IS_SANDBOX",
            ),
            ask_mode="default",
            cost_begins_anew=True,
        ),
        KnownAgent(
            "codex",
            "Codex",
            ("codex-acp",),
            "npm install -g @agentclientprotocol/codex-acp",
            "codex login, or set OPENAI_API_KEY",
            ("codex", "login"),
            ("OPENAI_API_KEY", "CODEX_HOME", "CODEX_API_KEY"),
            ask_mode="read-only",
            full_mode="agent-full-access",
            key_ways=("api-key", "openai-api-key", "codex-api-key"),
            keeps_servers="process",
        ),
        KnownAgent(
            "gemini",
            "Gemini CLI",
            ("gemini", "--acp"),
            "npm install -g @google/gemini-cli",
            "gemini (sign in once), or set GEMINI_API_KEY",
            ("gemini",),
            ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GEMINI_CLI_HOME"),
            ask_mode="default",
            by_folder=True,
            missing_is_empty=True,
            late_replay_s=1.0,
            own_minute=True,
            key_ways=("gemini-api-key",),
        ),
        KnownAgent(
            "vibe",
            "Mistral Vibe",
            ("vibe-acp",),
            "pipx install mistral-vibe",
            "vibe --setup, or set MISTRAL_API_KEY",
            ("vibe", "--setup"),
            ("MISTRAL_API_KEY", "VIBE_HOME"),
            ask_mode="ask",
            usage_so_far=True,
            keeps_servers="session",
        ),
        KnownAgent(
            "qwen",
            "Qwen Code",
            ("qwen", "--acp"),
            "npm install -g @qwen-code/qwen-code",
            "qwen (sign in once), or set OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL",
            ("qwen",),
            (
                "DASHSCOPE_API_KEY",
                "OPENAI_API_KEY",
                "OPENAI_BASE_URL",
                "OPENAI_MODEL",
                "QWEN_HOME",
                "QWEN_RUNTIME_DIR",
            ),
            ask_mode="default",
            lists_by_folder=True,
            keeps_servers="process",
        ),
        KnownAgent(
            "copilot",
            "Copilot CLI",
            ("copilot", "--acp"),
            "npm install -g @github/copilot",
            "copilot login, or set COPILOT_PROVIDER_BASE_URL and COPILOT_MODEL",
            ("copilot", "login"),
            (
                "COPILOT_GITHUB_TOKEN",
                "COPILOT_HOME",
                "COPILOT_MODEL",
                "COPILOT_OFFLINE",
                "COPILOT_PROVIDER_API_KEY",
                "COPILOT_PROVIDER_BASE_URL",
                "COPILOT_PROVIDER_TYPE",
                "COPILOT_PROVIDER_WIRE_API",
            ),
            ask_mode="https://agentclientprotocol.com/protocol/session-modes#agent",
            usage_so_far=True,
            mcp_option="--additional-mcp-config",
            says_beside=True,
        ),
    )
}


def known_by_command(command: tuple[str, ...] | list[str]) -> KnownAgent | None:
    """The known agent that a configured command runs, wrapped (ssh, docker, sh -c) or not."""
    words = [_name(part) for word in command for part in word.split()]
    for agent in AGENTS.values():
        if agent.command[0] in words:
            return agent
    return None


def carried(command: Sequence[str], known: KnownAgent | None) -> list[str]:
    """A command with the known agent's `carry` in it, where it runs on another machine.

    ssh, docker and the like hand no environment over, and some agents ask only if it says so.
    """
    if known is None or not known.carry or not is_remote(command):
        return list(command)
    env = known.env()
    given = ["env", *(f"{name}={env[name]}" for name in known.carry)]
    shell = _name(command[0]) in _SHELLED
    quoted = [shlex.quote(word) for word in given]
    # Its program is the last word of its name: hosts and containers may be called so too.
    for index in range(len(command) - 1, 0, -1):
        parts = re.split(r"(\s+)", command[index])
        at = next((n for n, part in enumerate(parts) if _name(part) == known.command[0]), None)
        if at is None:
            continue
        if len(parts) > 1:  # a line for a shell
            put = ["".join([*parts[:at], " ".join(quoted), " ", *parts[at:]])]
        else:
            put = [*(quoted if shell else given), command[index]]
        return [*command[:index], *put, *command[index + 1 :]]
    return list(command)


def _name(word: str) -> str:
    return word.rsplit("/", 1)[-1]


def is_remote(command: Sequence[str]) -> bool:
    """Whether a command starts its agent by way of another program: ssh, docker, kubectl, …

    Its files are then not this machine's, or not under the same names.
    """
    if not command:
        return False
    return _name(command[0]) in _CARRIERS


_CARRIERS = (
    "ssh", "mosh", "docker", "podman", "nerdctl", "kubectl", "oc", "lxc", "incus", "machinectl",
    "gcloud", "aws", "fly", "flyctl", "devcontainer", "wsl", "wsl.exe", "toolbox", "distrobox",
)  # fmt: skip
# Those that join their words to a line for the shell over there.
_SHELLED = ("ssh", "gcloud")
