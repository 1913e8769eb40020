"""The configuration: one TOML file of the user's, strict, explained by an example."""

from sessions.config.load import load
from sessions.config.model import (
    BackendConfig,
    Config,
    McpServer,
    Price,
    Profile,
    Secret,
    SessionChoice,
)

__all__ = [
    "BackendConfig",
    "Config",
    "McpServer",
    "Price",
    "Profile",
    "Secret",
    "SessionChoice",
    "load",
]
