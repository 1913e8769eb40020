"""asyncio as a Python that is built without TLS has it.

asyncio imports `ssl` in case somebody wants it: 4 MB, and time before the first frame. The deck
speaks with its engine over a socket of this machine, and with nobody else.
"""

from __future__ import annotations

import importlib
import sys


def import_asyncio() -> None:
    """Import asyncio without `ssl`, unless one of them is there already.

    None is how Python's import system marks a module that can't be imported; asyncio goes on
    without it. Whoever imports `ssl` afterwards gets it, but asyncio opens no TLS connection in
    this process any more: never call it where HTTPS is spoken, as in the engine.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("asyncio")
    finally:
        del sys.modules["ssl"]
