"""What holds for all tests."""

from __future__ import annotations

import os
import sys

import pytest


def pytest_sessionstart(session: pytest.Session) -> None:
    """In CI the sandbox is there, or nothing is: skipped tests would hide that it broke."""
    if not os.environ.get("CI") or not sys.platform.startswith("linux"):
        return
    from sessions.tools.sandbox import describe

    found = describe()
    if not found.works:
        pytest.exit(f"The sandbox's tests can't run: {found.detail} {found.remedy}", returncode=1)
