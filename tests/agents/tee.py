"""Between the deck and an agent: passes every line on, and keeps it.

    python tests/agents/tee.py LOG COMMAND…

Each line of LOG is `{"from": "client" | "agent", "line": …}`; a `{"from": "start"}` begins what one
process of the agent was told and said. Stdlib only: it is started in the agent's environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO


def main(log: Path, command: list[str]) -> int:
    """Run the agent; its exit code."""
    lock = threading.Lock()

    def keep(whose: str, line: bytes = b"") -> None:
        with lock, log.open("a", encoding="utf-8") as file:
            told = {"line": line.decode("utf-8", "replace").rstrip("\n")} if line else {}
            file.write(json.dumps({"from": whose, **told}) + "\n")

    def copy(whose: str, source: IO[bytes], target: IO[bytes]) -> None:
        for line in source:
            keep(whose, line)
            target.write(line)
            target.flush()
        target.close()

    keep("start")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as agent:
        assert agent.stdin is not None and agent.stdout is not None
        to_agent = ("client", sys.stdin.buffer, agent.stdin)
        threading.Thread(target=copy, args=to_agent, daemon=True).start()
        copy("agent", agent.stdout, sys.stdout.buffer)
    return agent.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
