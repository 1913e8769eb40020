"""A folder for plans, and plans that are read in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.config.builtin import with_builtins
from sessions.config.model import BackendConfig, Config, Profile
from sessions.plans.read import CheckedPlan, PlanError, parse

Read = Callable[[str], CheckedPlan]


def configuration() -> Config:
    """A configuration with one backend and one profile."""
    return with_builtins(
        Config(
            backends={"test": BackendConfig(base_url="http://127.0.0.1:9")},
            profiles={"test": Profile(backend="test"), "critic": Profile(backend="test")},
        )
    )


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a plan that lies in the test's folder."""

    def read(text: str) -> CheckedPlan:
        return parse(text, tmp_path, configuration(), skills=["haiku"])

    return read


@pytest.fixture
def wrong(read: Read) -> Callable[[str], list[str]]:
    """What is wrong with a plan."""

    def wrong(text: str) -> list[str]:
        with pytest.raises(PlanError) as caught:
            read(text)
        return [str(finding) for finding in caught.value.findings]

    return wrong
