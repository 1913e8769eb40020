"""The local model's server while it comes up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import Mock

import pytest

from sessions.backends import local
from sessions.config.model import BackendConfig


async def test_who_comes_while_it_starts_waits_for_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "m.gguf"
    model.touch()
    monkeypatch.setattr(local, "missing", lambda config: None)
    backend = local.LocalBackend("local", BackendConfig(model_path=str(model)), tmp_path)
    up = asyncio.Event()

    async def spawn(key: str) -> dict[str, str]:
        backend._process = Mock(returncode=None)
        await up.wait()
        return {"url": "http://127.0.0.1:1"}

    monkeypatch.setattr(backend, "_spawn", spawn)
    first = asyncio.create_task(backend.ready())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(backend.ready())
    await asyncio.sleep(0)
    assert not second.done()
    up.set()
    await asyncio.gather(first, second)
    assert backend._url == "http://127.0.0.1:1"
