"""The program `agentdeck`: the deck's first frame at once, then what was asked for."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command, and leave with its exit code.

    What the deck needs takes a while to be imported; what it shows first is known before.
    """
    try:
        if len(sys.argv) > 1:
            _run()
        from tui.terminal import first_frame

        with first_frame.painted():
            _run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _run() -> NoReturn:
    from sessions.cli.commands import run

    run()


if __name__ == "__main__":
    main()
