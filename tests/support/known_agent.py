"""The scripted agent under the name of one that is known."""

from __future__ import annotations

import sys
from pathlib import Path

from sessions.backends.acp.backend import AcpBackend, AgentConfig

AGENT = Path(__file__).with_name("scripted_agent.py")


def called(root: Path, program: str, *flags: str, **env: str) -> AcpBackend:
    """A backend that starts it by a known agent's program, which notes the words behind it."""
    script = root / "bin" / program
    script.parent.mkdir(exist_ok=True)
    line = f'exec "{sys.executable}" "{AGENT}" --state "{root}/agent.json" {" ".join(flags)}'
    script.write_text(f'#!/bin/sh\necho "$@" >> "{root}/words"\n{line}\n')
    script.chmod(0o755)
    return AcpBackend(AgentConfig("g", [str(script)], env, state=root, sleep_s=0))
