"""Each agent's tests stay with one worker, so that it is started once: see `make agents`.

What starts several at once shares nothing: each of those files goes to whichever worker is free.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessions.backends.acp import process


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is parametrized by an agent belongs together, and else what is in one file."""
    for item in items:
        given = getattr(item, "callspec", None)
        agent = given.params.get("agent") if given is not None else None
        item.add_marker(pytest.mark.xdist_group(str(agent or item.path.stem)))


@pytest.fixture(autouse=True, scope="session")
def patience() -> Iterator[None]:
    """An agent may take as long as it does where several start at once on a full machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "START_S", 240.0)
        patch.setattr(process, "ANSWER_S", 240.0)
        yield
