"""What this machine must have before a cluster is connected to."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import socket
import sys
from pathlib import Path

from sessions import VERSION

CONNECT_S = 3.0
_TOKEN = (
    "Run `ray get-auth-token --generate` once, put the token on every node, and start Ray with "
    "RAY_AUTH_MODE=token (docs/cluster.md)."
)


def lack(address: str) -> tuple[str, str]:
    """What is missing, and what to do about it; two empty words where nothing is."""
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed here.", "Run: pip install 'agentdeck-tui[cluster]'"
    if not token():
        told = "There is no token for the cluster here, and without one agentdeck uses none."
        return told, _TOKEN
    return knock(address)


def token() -> bool:
    """Whether Ray finds a token here."""
    if os.environ.get("RAY_AUTH_TOKEN", "").strip():
        return True
    told = os.environ.get("RAY_AUTH_TOKEN_PATH")
    path = Path(told).expanduser() if told else Path.home() / ".ray" / "auth_token"
    try:
        return bool(path.read_text().strip())
    except (OSError, UnicodeDecodeError):
        return False


def knock(address: str) -> tuple[str, str]:
    """Whether anybody listens there: Ray itself would try for two minutes."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S):
            return "", ""
    except (OSError, ValueError) as error:
        told = f"Nothing answers at {address}, where the cluster's head should be: {error}."
        return told, "Start it with `ray start --head`, or correct [cluster] address."


def connection(address: str, namespace: str) -> str:
    """What tells one way to a cluster from another: also by the Ray settings of its process."""
    settings = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("RAY_"))
    said = "\0".join((VERSION, sys.executable, address, namespace, *settings))
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()
