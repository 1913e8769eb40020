"""A node whose memory is about to be full by Ray's measure, and what fills it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.raycluster import RayCluster

NODE = "small"
_STEPS, _STEP_S = 15, 2.0


def _memory() -> tuple[int, int]:
    """All there is, and what is free."""
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(told[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    return total, free


@asynccontextmanager
async def small_node(cluster: RayCluster) -> AsyncIterator[None]:
    """One more node, on which Ray ends a process once a little more memory is taken."""
    total, free = _memory()
    settings = {
        "RAY_memory_usage_threshold": f"{1 - free / total + 0.06:.3f}",
        "RAY_memory_monitor_refresh_ms": "100",
    }
    await asyncio.to_thread(cluster.node, NODE, 8, "--address", cluster.address, settings=settings)
    try:
        yield
    finally:
        await asyncio.to_thread(cluster.kill_node, NODE)


@asynccontextmanager
async def filled(enough: Callable[[], bool]) -> AsyncIterator[None]:
    """Memory is taken until that is so, and given back at the end."""
    total, _ = _memory()
    full: list[bytearray] = []
    try:
        for _ in range(_STEPS):
            if enough():
                break
            full.append(bytearray(total // 50))
            full[-1][::4096] = b"x" * len(full[-1][::4096])
            await asyncio.sleep(_STEP_S)
        yield
    finally:
        full.clear()
