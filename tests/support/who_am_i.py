"""A program that says what a process finds when it begins; told `sleep`, it waits to be ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Say it, and end with 7; for `fail`, as a program that breaks."""
    if "fail" in sys.argv:
        raise ValueError("it broke")
    status = dict(s.split(":", 1) for s in Path("/proc/self/status").read_text().splitlines())
    main_module = sys.modules["__main__"]
    streams: list[Any] = [sys.stdin, sys.stdout, sys.stderr]
    found = {
        "arguments": sys.argv,
        "cwd": os.getcwd(),
        "variables": dict(os.environ),
        "umask": status["Umask"],
        "ignored": status["SigIgn"],
        "caught": status["SigCgt"],
        "blocked": status["SigBlk"],
        "interrupt": str(signal.getsignal(signal.SIGINT)),
        "wakeup": signal.set_wakeup_fd(-1),
        "leads": (os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()),
        "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1],
        "limits": [resource.getrlimit(which) for which in range(10)],
        "streams": [
            (s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.write_through, s.fileno())
            for s in streams
        ],
        "path": sys.path,
        "main": main_module.__spec__ and main_module.__spec__.name,
        "threads": threading.active_count(),
        "input": sys.stdin.read(),
    }
    print(json.dumps(found), flush=True)
    print("and that is all", file=sys.stderr)
    if "sleep" in sys.argv:
        time.sleep(600)
    sys.exit(7)


if __name__ == "__main__":
    main()
