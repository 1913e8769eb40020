"""Where the homes of actors are on a node."""

from __future__ import annotations

import os
from pathlib import Path

from sessions.paths import Places, places

ROOT = "AGENTDECK_CLUSTER_HOME"
"""Where they are; without it a folder of the data folder there."""


def root() -> Path:
    """Where the homes of this node's actors are."""
    told = os.environ.get(ROOT)
    return Path(told).expanduser() if told else places().data / "cluster"


def home(session: str) -> Path:
    """The home of one session's actor on this node."""
    return root() / "actors" / session


def here(session: str) -> Places:
    """The places of one session's actor."""
    own = home(session)
    return Places(
        config_file=own / "config.toml",
        data=own / "data",
        state=own / "state",
        run=own / "run",
        my_skills=places().my_skills,
    )
