"""Each agent's tests stay with one worker, so that it is started once: see `make agents`."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is parametrized by an agent belongs together; the rest starts several at once."""
    for item in items:
        given = getattr(item, "callspec", None)
        agent = given.params.get("agent") if given is not None else None
        item.add_marker(pytest.mark.xdist_group(str(agent or "several")))
