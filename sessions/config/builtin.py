"""What is there without any configuration: backends, a profile for each, prices."""

from __future__ import annotations

from dataclasses import replace

from sessions.config.model import BackendConfig, Config, Price, Profile

BACKENDS: dict[str, BackendConfig] = {
    "claude": BackendConfig(type="anthropic", api_key_env="ANTHROPIC_API_KEY"),
    "openai": BackendConfig(type="openai", api_key_env="OPENAI_API_KEY"),
    "local": BackendConfig(type="local"),
}
# US dollars per million tokens, as published in October 2026; yours to correct in [prices].
PRICES: dict[str, Price] = {
    "claude-opus": Price(5.0, 25.0, 0.5, 6.25),
    "claude-sonnet": Price(3.0, 15.0, 0.3, 3.75),
    "claude-haiku": Price(1.0, 5.0, 0.1, 1.25),
}


def with_builtins(config: Config) -> Config:
    """The configuration with what is built in beneath it: the user's own comes first."""
    from sessions.backends.acp.agents import AGENTS

    backends = dict(config.backends)
    for name, backend in BACKENDS.items():
        backends.setdefault(name, backend)
    for name, agent in AGENTS.items():
        backends.setdefault(name, BackendConfig(type="acp", command=list(agent.command)))
    for name, backend in backends.items():
        if backend.type == "acp" and not backend.command and name in AGENTS:
            backends[name] = replace(backend, command=list(AGENTS[name].command))
    profiles = {
        name: profile if profile.backend else replace(profile, backend=name)
        for name, profile in config.profiles.items()
    }
    for name in backends:
        profiles.setdefault(name, Profile(backend=name))
    return replace(config, backends=backends, profiles=profiles, prices=PRICES | config.prices)
