"""SDKs of APIs, imported when the first request is made, with no more than is used of them."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterator
from typing import Any, cast

_ONE_AT_A_TIME = threading.RLock()


def sdk(name: str) -> Any:
    """The SDK of that name. Raises ImportError.

    Where aiohttp is installed (the deck in a browser needs it), an SDK makes a second HTTP client
    of it, which is not used here: it takes 10 MB and a sixth of a second.
    """
    with _ONE_AT_A_TIME:
        if name in sys.modules:
            return sys.modules[name]
        with _hidden("aiohttp"):
            return importlib.import_module(name)


@contextlib.contextmanager
def _hidden(name: str) -> Iterator[None]:
    """As if a module were not installed, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    modules = cast("dict[str, Any]", sys.modules)
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]
