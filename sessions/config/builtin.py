"""What is there without any configuration: backends, a profile for each, prices."""

from __future__ import annotations

from dataclasses import replace

from sessions.config.model import BackendConfig, Config, Price, Profile

BACKENDS: dict[str, BackendConfig] = {
    "claude": BackendConfig(type="anthropic", api_key_env="ANTHROPIC_API_KEY"),
    "openai": BackendConfig(type="openai", api_key_env="OPENAI_API_KEY"),
    "local": BackendConfig(type="local"),
}
# US dollars per million tokens, as published in October and November 2026; yours to correct in
# [prices]. OpenAI's are those of requests up to 272,000 tokens; longer ones cost up to twice that.
PRICES: dict[str, Price] = {
    "claude-opus": Price(5.0, 25.0, 0.5, 6.25),
    "claude-sonnet": Price(3.0, 15.0, 0.3, 3.75),
    "claude-haiku": Price(1.0, 5.0, 0.1, 1.25),
    "gpt-6.2-astra": Price(8.0, 40.0, 0.4, 10.0),
    "gpt-6.2-sol": Price(2.0, 10.0, 0.1, 2.5),
    "gpt-6.1-sol": Price(2.0, 10.0, 0.1, 2.5),
    "gpt-6-astra": Price(10.0, 50.0, 1.0, 12.5),
    "gpt-6-sol": Price(2.0, 10.0, 0.2, 2.5),
    "gpt-6-luna": Price(0.1, 0.5, 0.01, 0.125),
    "gpt-5.6-terra": Price(2.0, 12.0, 0.2, 2.0),
    "gpt-5.6-luna": Price(0.2, 1.2, 0.02, 0.2),
    "gpt-5.4-mini": Price(0.75, 4.5, 0.075, 0.75),
}


def with_builtins(config: Config) -> Config:
    """The configuration with what is built in beneath it: the user's own comes first."""
    from sessions.config.known_agents import AGENTS

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
