"""What holds for all tests."""

from __future__ import annotations

import gc
import itertools
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from _pytest.capture import FDCapture

from tests.support.bytecode import compile_in_turn

# What the tests start compiles the program once, not anew in every process.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


# A shell that starts the tests in the background lets them ignore Ctrl+C, and all that they start:
# what is tested of it would be tested of nothing.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# And one that outlives its terminal (nohup) lets them ignore its end: what has a handler here is
# as usual again in all that is started.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


def _without_a_shim() -> None:
    """`python3` is a program in what the tests run, as here: a version manager's script that
    stands for it begins thirty processes before it."""
    found = shutil.which("python3")
    if found and Path(found).read_bytes()[:2] == b"#!":
        own = Path(sys.executable).resolve().parent
        os.environ["PATH"] = f"{own}{os.pathsep}{os.environ['PATH']}"


_without_a_shim()

_NUMBERS = itertools.count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test's own, as pytest's, without a look at those of all tests before."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    return tmp_path_factory.mktemp(f"{name}{next(_NUMBERS)}", numbered=False)


_snap: Any = FDCapture.snap


def _what_was_printed(capture: Any) -> str:
    """What a test printed: nothing, as long as nothing has moved on in the file that takes it.

    pytest reads both files after each of a test's three parts, which was a tenth of a small test.
    """
    if not os.lseek(capture.tmpfile.fileno(), 0, os.SEEK_CUR):
        return ""
    return str(_snap(capture))


def pytest_configure() -> None:
    """Nothing that is collected goes before the tests have run: it is not searched for garbage."""
    gc.disable()
    capture: Any = FDCapture
    capture.snap = _what_was_printed


def pytest_collection_finish() -> None:
    """Nor while they run; what they leave is."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # decks come by the hundred, of 15,000 each
    gc.enable()


def pytest_sessionfinish() -> None:
    """What is left is looked through once; pytest would do so five times as it ends."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Two to a core: half of a test is waiting for what it started."""
    return 2 * (os.cpu_count() or 1)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile; and in CI the sandbox is there, or nothing is: skips would hide that it broke."""
    worker: dict[str, Any] | None = getattr(session.config, "workerinput", None)
    if worker:
        number = int(worker["workerid"].removeprefix("gw"))
        compile_in_turn(session.config, number, worker["workercount"])
    if not os.environ.get("CI") or not sys.platform.startswith("linux"):
        return
    from sessions.tools.sandbox import describe

    found = describe()
    if not found.works:
        pytest.exit(f"The sandbox's tests can't run: {found.detail} {found.remedy}", returncode=1)
