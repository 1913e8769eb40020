"""What servers' certificates are checked by: read once for all clients of a process.

Reading what a system trusts takes 20 ms of CPU, which every client would pay for anew.
"""

from __future__ import annotations

import functools
import os
import ssl
from pathlib import Path

_NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trusted(*, trust_env: bool = True) -> ssl.SSLContext:
    """What the system trusts, or `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Raises OSError."""
    named = tuple(os.environ.get(name, "") for name in _NAMES) if trust_env else ()
    return _read(trust_env, named, tuple(_changed(path) for path in named))


@functools.lru_cache(maxsize=4)
def _read(trust_env: bool, named: tuple[str, ...], changed: tuple[int, ...]) -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context(trust_env=trust_env)


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return 0
