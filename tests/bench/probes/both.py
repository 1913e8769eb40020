"""What today's build and the older one call differently."""

from __future__ import annotations

import importlib
import json
import resource
import time
from collections.abc import Callable
from typing import Any


def module(*names: str) -> Any:
    """The first of these modules that the build at hand has."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(names[0])


def events() -> Any:
    """The vocabulary."""
    return module("sessions.record.events", "sessions.events")


def closed() -> Any:
    """The event by which a session has no tile any more."""
    kind = events().SessionSet
    try:
        return kind(closed=True)
    except TypeError:
        return kind(changes={"closed": True})


def journal() -> Any:
    """The journal's module."""
    return module("sessions.record.journal", "sessions.journal")


def transcript() -> Any:
    """The class of transcripts."""
    return module("sessions.record.transcript", "sessions.transcript").Transcript


def tell(**figures: float) -> None:
    """What a probe found, for whoever started it."""
    print(json.dumps(figures), flush=True)


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that something takes, its children's too: another's load is not in it."""
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
