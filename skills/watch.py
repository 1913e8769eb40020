"""Telling when a folder of skills changes, by the system's own notices; nothing is polled.

A folder of skills that does not exist yet is waited for where it would appear: its nearest
existing parents are watched flat, by name alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from skills.parse import FILE

_DEBOUNCE_MS = 100
_IGNORED = frozenset({".git", "node_modules", "__pycache__", ".venv"})


def targets(roots: Iterable[Path]) -> tuple[set[Path], set[Path]]:
    """What to watch deep (roots that exist) and flat (where missing ones would appear)."""
    deep: set[Path] = set()
    flat: set[Path] = set()
    for root in roots:
        if root.is_dir():
            deep.add(root)
            # Its own parent too: a folder that is removed and made again is a new one.
            flat.add(root.parent)
            continue
        parent = root.parent
        while not parent.is_dir() and parent != parent.parent:
            parent = parent.parent
        flat.add(parent)
    return deep, flat


def names(paths: Iterable[Path], roots: Iterable[Path]) -> list[str]:
    """The skills that changed paths belong to, sorted: what is hidden or being made is none.

    A skill that is gone is called as its folder was: the part below the root.
    """
    found: set[str] = set()
    known = [place for root in roots for place in (root, root.resolve())]
    for path in paths:
        root = next((r for r in known if path.is_relative_to(r) and path != r), None)
        parts = path.relative_to(root).parts if root is not None else ()
        if root is None or any(part.startswith(".") for part in parts):
            continue
        folders = [root.joinpath(*parts[:depth]) for depth in range(len(parts), 0, -1)]
        found.add(next((f.name for f in folders if (f / FILE).exists()), parts[0]))
    return sorted(found)


async def changes(
    roots: Callable[[], Iterable[Path]], stop: asyncio.Event, *, late: bool = False
) -> AsyncIterator[set[Path]]:
    """Yield the paths that changed below the roots, until `stop` is set.

    `roots` is asked again after each change, so that a folder that appeared is watched too. An
    empty set: a folder of skills came or went, or may have. `late`: the skills have been read
    before, so that one may have landed before the watch.
    """
    again_now = late
    while not stop.is_set():
        wanted = list(roots())
        deep, flat = targets(wanted)
        again = asyncio.Event()
        queue: asyncio.Queue[set[Path]] = asyncio.Queue()
        tasks = [
            asyncio.create_task(_watch(deep, True, wanted, queue, again)),
            asyncio.create_task(_watch(flat, False, wanted, queue, again)),
        ]
        stopped = asyncio.create_task(stop.wait())
        try:
            # The watchers set themselves up before they first wait.
            await asyncio.sleep(0)
            if again_now:
                # What landed while nobody watched was not told.
                yield set()
            again_now = True
            while not stop.is_set():
                got = asyncio.create_task(queue.get())
                await asyncio.wait({got, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not got.done():
                    got.cancel()
                    return
                yield got.result()
                if targets(wanted) != (deep, flat):
                    break
        finally:
            again.set()
            stopped.cancel()
            await asyncio.gather(*tasks, stopped, return_exceptions=True)


async def _watch(
    paths: set[Path],
    deep: bool,
    roots: list[Path],
    queue: asyncio.Queue[set[Path]],
    stop: asyncio.Event,
) -> None:
    if not paths:
        return
    import watchfiles

    on_the_way: set[Path] = set()
    if not deep:
        on_the_way = {place for root in roots for place in (root, *root.parents)}

    def wanted(change: watchfiles.Change, path: str) -> bool:
        if deep:
            return _IGNORED.isdisjoint(Path(path).parts)
        return Path(path) in on_the_way

    stream = watchfiles.awatch(
        *paths,
        watch_filter=wanted,
        recursive=deep,
        debounce=_DEBOUNCE_MS,
        stop_event=stop,
        force_polling=False,
        ignore_permission_denied=True,
    )
    async for seen in stream:
        await queue.put({Path(path) for _, path in seen} if deep else set())
