"""A running `agentdeck serve`: what it told, and its end."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen

END_S = 60.0


@dataclass(frozen=True)
class Served:
    """It, and the address that lets a browser in."""

    process: Popen[str]
    address: str

    @property
    def token(self) -> str:
        """What lets in."""
        return self.address.partition("token=")[2]

    @property
    def base(self) -> str:
        """The address without it."""
        return self.address.partition("/?")[0]

    def end(self) -> str:
        """End it; all that it has said after its address."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=END_S)
        assert self.process.returncode == 0, err
        return out + (err or "")


@contextmanager
def serving(process: Popen[str]) -> Iterator[Served]:
    """It, once it has told its address; ended at the end, if it has not been before."""
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())
    assert found, process.communicate()
    try:
        yield (served := Served(process, found[0]))
    finally:
        if process.poll() is None:
            served.end()
