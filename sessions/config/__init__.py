"""The configuration: one TOML file of the user's, strict, explained by an example."""

from sessions.config.load import load
from sessions.config.model import (
    BackendConfig,
    Choice,
    Config,
    McpServer,
    Price,
    Profile,
    Secret,
)

__all__ = ["BackendConfig", "Choice", "Config", "McpServer", "Price", "Profile", "Secret", "load"]
