"""The configuration's shape: every table and key, its type, default and explanation.

`load` checks a file against these classes, `example` writes config.example.toml from them.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from typing import Any, Literal

from sessions.errors import UsageError
from sessions.record.closed_sets import BackendType, Effort, Permission, SkillState

KEY_VARIABLES = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
"""Where the keys of those companies are kept by whoever has one."""


class Secret(str):
    """A string that shows nothing of itself when it is printed by mistake."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')" if self else "Secret('')"

    def __str__(self) -> str:
        return "…" if self else ""

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return str.__str__(self)


def setting(default: Any, doc: str, example: Any = None) -> Any:
    """A key with its explanation. `example` is shown, commented out, where no default helps."""
    metadata = {"doc": doc, "example": example}
    if isinstance(default, list | dict):
        kind = type(default)
        return field(default_factory=lambda: kind(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new session and the deck start with."""

    profile: str = setting("", "the profile of a new session; empty = the best that is there")
    theme: str = setting("", "a Textual theme, e.g. textual-dark, textual-light, nord, gruvbox")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where an agent shall send what one of its providers answers, if it can be told so."""

    api: str = setting("", "anthropic, openai, azure, vertex, bedrock", "openai")
    base_url: str = setting("", "the server", "http://127.0.0.1:8080/v1")
    api_key_env: str = setting("", "the environment variable that holds its key", "MY_KEY")

    disabled: bool = setting(False, "it is not to be used at all; nothing else is told of it then")

    @property
    def headers(self) -> dict[str, str]:
        """What goes along with every request."""
        key = os.environ.get(self.api_key_env, "") if self.api_key_env else ""
        if not key:
            return {}
        return {"x-api-key": key} if self.api == "anthropic" else {"Authorization": f"Bearer {key}"}


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """What answers."""

    type: BackendType = setting(
        "anthropic",
        "anthropic: any server that speaks the Messages API; openai: any that speaks OpenAI's "
        "Chat Completions or Responses; local: llama.cpp in a process of its own; acp: an agent "
        "that speaks the Agent Client Protocol",
    )
    api: Literal["chat", "responses"] = setting(
        "chat", "openai: chat (Chat Completions, which most servers speak) or responses"
    )
    api_key_env: str = setting(
        "", "the environment variable that holds the key", "ANTHROPIC_API_KEY"
    )
    api_key: Secret = setting(
        Secret(), "the key itself; this file must then be readable by you alone", "sk-…"
    )
    base_url: str = setting(
        "",
        "the server; /v1 is added where it belongs; a key of your environment is never sent to "
        "another's server",
        "http://127.0.0.1:8080",
    )
    model: str = setting("", "the model of new sessions", "claude-sonnet-5-5")
    models: list[str] = setting([], "models to choose from when the server can't say", ["a", "b"])
    model_path: str = setting(
        "",
        "local: any GGUF file; empty = the small model of the [local] install",
        "/models/any.gguf",
    )
    command: list[str] = setting(
        [], "acp: anything that speaks ACP on stdio", ["ssh", "host", "opencode", "acp"]
    )
    env: dict[str, str] = setting({}, "acp: more environment for the agent", {"KEY": "value"})
    providers: dict[str, Provider] = field(default_factory=dict)
    directory: str = setting(
        "", "acp: where its sessions work, if it runs on another machine", "/srv/project"
    )
    context: int = setting(0, "the model's window in tokens; 0 = what the server says")
    max_tokens: int = setting(0, "the longest answer in tokens; 0 = what fits the model")
    thinking: Literal["auto", "off"] = setting("auto", "auto: where the model has it; or off")
    stall_s: float = setting(180.0, "seconds without content after which a stream is given up")
    connect_s: float = setting(10.0, "seconds to wait for a connection")
    retries: int = setting(5, "how often a failed request is tried again by itself")
    slots: int = setting(6, "local: how many sessions are answered at once")
    threads: int = setting(0, "local: cores it computes on; 0 = OMP_NUM_THREADS, or all, at most 8")

    @property
    def variable(self) -> str:
        """The environment variable that holds the key; the company's own for its own server."""
        return self.api_key_env or ("" if self.base_url else KEY_VARIABLES.get(self.type, ""))

    @property
    def key(self) -> str:
        """The key: the configuration's own, or that of the variable."""
        if self.api_key:
            return self.api_key.reveal()
        return os.environ.get(self.variable, "") if self.variable else ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set for new sessions."""

    backend: str = setting("", "the backend's name")
    model: str = setting("", "a model; empty = the backend's")
    permission: Permission = setting("ask", "read-only, ask, edit or full")
    skills: dict[str, SkillState] | list[str] = setting(
        [],
        "skills that are on from the beginning, by name or as {name = state}",
        ["acronym-priming"],
    )
    cwd: str = setting("", "the working directory; empty = where the deck was opened")
    system: str = setting("", "a system prompt of yours")
    effort: Effort = setting("", "how hard a model that can think shall try")
    directories: list[str] = setting(
        [], "for agents: more directories that belong to the work", ["~/library"]
    )
    max_steps: int = setting(0, "answers of the model within one turn; 0 = the limit below")
    subsessions: bool = setting(True, "its sessions may start sessions of their own (tool Task)")
    messages: bool = setting(
        False, "its sessions may write to each other and be written to (tool Message)"
    )
    worktree: bool = setting(False, "each session in a git worktree, on a branch of its own")
    base: str = setting("", "where that branch begins; empty = what is checked out", "main")
    host: str = setting(
        "",
        "its sessions live on that machine of [hosts], by the profile of this name there",
        "build",
    )

    def skill_states(self) -> dict[str, SkillState]:
        """Skills and their first states."""
        if isinstance(self.skills, dict):
            return dict(self.skills)
        return dict.fromkeys(self.skills, "on")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens of one model."""

    input: float = setting(0.0, "dollars per million tokens of input")
    output: float = setting(0.0, "dollars per million tokens of output")
    cache_read: float = setting(0.0, "dollars per million tokens of input read from the cache")
    cache_write: float = setting(0.0, "dollars per million tokens of input written to the cache")


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Limits; 0 = none. A session that reaches one pauses with the reason."""

    turns_at_once: int = setting(12, "turns that run at the same time, over all sessions")
    max_steps: int = setting(100, "answers of the model within one turn")
    session_turns: int = setting(0, "turns of one session")
    session_tokens: int = setting(0, "tokens of one session")
    session_usd: float = setting(0.0, "dollars of one session")
    session_hours: float = setting(0.0, "hours from a session's beginning")
    deck_tokens: int = setting(0, "tokens of all open sessions together")
    deck_usd: float = setting(0.0, "dollars of all open sessions together")


@dataclass(frozen=True, slots=True)
class ToolsConfig:
    """What commands of sessions may do."""

    sandbox: bool = setting(True, "run commands in a sandbox where the system has one")
    network: bool = setting(False, "commands in the sandbox may use the network")
    env: list[str] = setting([], "more environment variables that commands may see", ["JAVA_HOME"])
    timeout_s: float = setting(120.0, "seconds that a command may take unless it asks for more")


@dataclass(frozen=True, slots=True)
class WorktreesConfig:
    """Git worktrees of sessions: what a new one gets."""

    copy: list[str] = setting(
        [], "ignored files that it needs, copied from your checkout", [".env", "node_modules"]
    )
    setup: list[str] = setting(
        [],
        "a command that makes it ready, run in the session's sandbox before the first turn",
        ["uv", "sync"],
    )
    setup_timeout_s: float = setting(600.0, "seconds that it may take")
    check: list[str] = setting(
        [], "a command that must succeed before a session's branch is landed", ["make", "test"]
    )
    check_timeout_s: float = setting(1800.0, "seconds that it may take")


@dataclass(frozen=True, slots=True)
class RuleConfig:
    """A permission given for good; written by the answer `always`.

    `kind` is open: a rule of a kind that is not known is not followed, and the rest is.
    """

    id: str = setting("", "its name")
    kind: str = setting("argv", "argv or prefix: what the words must equal")
    argv: list[str] = setting([], "the program and its arguments", ["make", "test"])
    program: str = setting("", "the program's own path")
    sha256: str = setting("", "the program's content, where it is a script of the project")
    workspace: str = setting("", "the working directory in which it holds")
    tool: str = setting("", "the tool that it is for")
    path: str = setting("", "the file or folder that it is for")
    made: str = setting("", "when it was given")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Rules; see and take them back with `agentdeck config rules`."""

    rules: list[RuleConfig] = setting([], "written by the answer “always”")


@dataclass(frozen=True, slots=True)
class UpkeepConfig:
    """When one of your skills wants a look, says `agentdeck skills upkeep`."""

    stale_weeks: float = setting(6.0, "not used for so many weeks: stale; 0 = never")
    offered: int = setting(
        10, "on for so many messages and never opened by the model: never triggered; 0 = never"
    )
    opened: int = setting(
        4, "opened so often by the model and of too little help: opened too often; 0 = never"
    )
    helped: float = setting(0.5, "the share of those times in which it must have helped")
    alike: float = setting(
        0.55, "two skills whose texts share so much of their words (0 to 1) overlap; 0 = never"
    )


@dataclass(frozen=True, slots=True)
class SkillsConfig:
    """Where skills are looked for, besides yours, the project's and the bundled ones."""

    paths: list[str] = setting([], "more folders of skills", ["~/skills"])
    most_on: int = setting(24, "skills that are on in one session at most; 0 = no such limit")
    upkeep: UpkeepConfig = field(default_factory=UpkeepConfig)


@dataclass(frozen=True, slots=True)
class HarvestConfig:
    """What a harvest finds of what commands made."""

    look_in: list[str] = setting(
        [],
        "folders and files that are looked in though git ignores them or they are hidden: a name "
        "at any depth, or with a slash from the working directory",
        ["runs", "out/*.png"],
    )


@dataclass(frozen=True, slots=True)
class Arxiv:
    """The arXiv priming."""

    url: str = setting("https://export.arxiv.org/api/query", "the API")
    min_interval_s: float = setting(3.0, "seconds between two requests, over the whole deck")


@dataclass(frozen=True, slots=True)
class Daydream:
    """Draws that are paired and judged while sessions idle."""

    enabled: bool = setting(False, "off unless you switch it on: it costs tokens")
    budget_tokens: int = setting(50_000, "tokens a night")
    idle_minutes: float = setting(30.0, "how long everything must have been idle")
    profile: str = setting("", "which profile dreams; empty = the default")
    critic: str = setting("", "which profile judges; empty = the same")


@dataclass(frozen=True, slots=True)
class Priming:
    """Priming."""

    arxiv: Arxiv = field(default_factory=Arxiv)
    daydream: Daydream = field(default_factory=Daydream)


@dataclass(frozen=True, slots=True)
class TitlesConfig:
    """What sessions are called that you gave no title: by their first words, at once."""

    by_model: bool = setting(
        True,
        "after the first answer, better words by a small model of Anthropic's or OpenAI's own "
        "server, where the session is there",
    )
    model: str = setting("", "that model; any server is then asked", "claude-haiku-5-5")
    backend: str = setting("", "a backend that is asked for all sessions", "small")


@dataclass(frozen=True, slots=True)
class NotifyConfig:
    """How you are told that a session out of sight needs you, ended or failed."""

    deck: bool = setting(True, "a line in the deck")
    bell: bool = setting(True, "the terminal's bell")
    terminal: bool = setting(True, "the terminal's own notification (OSC 9 and 777)")
    desktop: bool = setting(False, "a notification of the desktop (notify-send, osascript)")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The engine's process."""

    idle_exit_s: float = setting(
        300.0, "it ends by itself after so long with nothing to do and nobody attached; 0 = never"
    )


@dataclass(frozen=True, slots=True)
class TerminalsConfig:
    """Terminals: programs that speak no protocol, each in a tile."""

    record: bool = setting(
        True, "what a terminal shows is recorded (never what is typed); false = nothing is"
    )
    record_mb: int = setting(64, "the longest recording of a terminal in MB; then it ends")


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server whose tools sessions may use."""

    command: list[str] = setting([], "a server on stdio", ["uvx", "mcp-server-sqlite"])
    url: str = setting("", "or one over HTTP", "http://127.0.0.1:9000/mcp")
    env: dict[str, str] = setting({}, "environment for the server", {"DB": "/data/x.db"})
    profiles: list[str] = setting([], "for these profiles; empty = for all", ["claude"])
    auto: bool = setting(True, "false: only in sessions where you switch it on")
    timeout_s: float = setting(30.0, "seconds to wait for it")


@dataclass(frozen=True, slots=True)
class Mcp:
    """MCP servers."""

    servers: dict[str, McpServer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostConfig:
    """Another machine, whose sessions are in this deck (docs/hosts.md)."""

    ssh: str = setting("", "what ssh calls it: a name of ~/.ssh/config, or user@machine", "build")
    command: list[str] = setting(
        [],
        "or what runs a command there, its words added at the end",
        ["docker", "exec", "-i", "builder"],
    )
    agentdeck: list[str] = setting(
        ["agentdeck"], "how agentdeck is called there", ["/opt/agentdeck/bin/agentdeck"]
    )
    room: int = setting(6, "sessions that work there at once where a plan's task may run anywhere")
    files_mb: float = setting(
        8.0, "pictures and files of its sessions come here up to this size each; larger are named"
    )
    origin: bool = setting(
        False,
        "it fetches a repository from its `origin` by itself; what that lacks comes from here",
    )


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """A Ray cluster on which plans may run their tasks (where = "ray"); see docs/cluster.md."""

    address: str = setting(
        "", "its head; this machine must be one of its nodes, and have its token", "10.0.0.1:6379"
    )
    origin: bool = setting(
        False,
        "a node fetches a repository from its `origin` by itself; what that lacks comes from here",
    )


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """What a new session gets."""

    profile: str
    backend: str
    model: str
    permission: Permission
    cwd: str
    skills: dict[str, SkillState]
    worktree: bool
    base: str


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    defaults: Defaults = field(default_factory=Defaults)
    backends: dict[str, BackendConfig] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    worktrees: WorktreesConfig = field(default_factory=WorktreesConfig)
    permissions: Permissions = field(default_factory=Permissions)
    skills: SkillsConfig = field(default_factory=SkillsConfig)
    harvest: HarvestConfig = field(default_factory=HarvestConfig)
    priming: Priming = field(default_factory=Priming)
    titles: TitlesConfig = field(default_factory=TitlesConfig)
    notify: NotifyConfig = field(default_factory=NotifyConfig)
    keys: dict[str, str | list[str]] = setting(
        {},
        "an action and its key, or keys, which whatever had them loses; all actions: F1",
        {"zoom": ["f11", "ctrl+z"]},
    )
    engine: EngineConfig = field(default_factory=EngineConfig)
    terminals: TerminalsConfig = field(default_factory=TerminalsConfig)
    mcp: Mcp = field(default_factory=Mcp)
    hosts: dict[str, HostConfig] = field(default_factory=dict)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)

    def host_of(self, profile: str) -> str:
        """The machine that a new session of a profile ("" = the default) lives on; "" is here."""
        chosen = self.profiles.get(profile or self.default_profile())
        return chosen.host if chosen is not None else ""

    def default_profile(self) -> str:
        """The profile of a new session when none is named.

        The configured one; else one whose backend has a `base_url`; else one on Anthropic's API
        if a key is there; else one on OpenAI's; else the small model on this machine. A backend's
        own profile comes before one that was made for some purpose.
        """
        if self.defaults.profile:
            return self.defaults.profile
        own_first = sorted(self.profiles.items(), key=lambda each: each[0] != each[1].backend)
        for name, profile in own_first:
            backend = self.backends.get(profile.backend)
            if backend is not None and backend.base_url:
                return name
        for wanted in ("anthropic", "openai", "local"):
            for name, profile in own_first:
                backend = self.backends.get(profile.backend)
                if backend is not None and backend.type == wanted and _usable(backend):
                    return name
        return next(iter(self.profiles), "")

    def choose(
        self, *, profile: str = "", backend: str = "", model: str = "",
        permission: Permission | Literal[""] = "",
    ) -> SessionChoice:  # fmt: skip
        """What a new session gets by these wishes. Raises UsageError for an unknown profile."""
        name = profile or ("" if backend else self.default_profile())
        if not name and backend:
            name = next((n for n, p in self.profiles.items() if p.backend == backend), "")
        chosen = self.profiles.get(name)
        if chosen is None and (profile or not backend):
            raise UsageError(
                f"There is no profile {name or '(default)'}.",
                f"There are: {', '.join(self.profiles)}.",
            )
        chosen = chosen or Profile()
        same = not backend or backend == chosen.backend
        return SessionChoice(
            profile=name,
            backend=backend or chosen.backend,
            model=model or (chosen.model if same else ""),
            permission=permission or chosen.permission,
            cwd=chosen.cwd,
            skills=chosen.skill_states(),
            worktree=chosen.worktree,
            base=chosen.base,
        )


def _usable(backend: BackendConfig) -> bool:
    if backend.type == "openai" and importlib.util.find_spec("openai") is None:
        return False
    return backend.type not in KEY_VARIABLES or bool(backend.key)
