"""Two Ray nodes on loopback addresses, with a token, each with homes of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sessions.remote.cluster.actor_homes import ROOT

MEMORY = "80000000"


def free_port() -> int:
    """A port nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class RayCluster:
    """Two nodes: `left`, the head, and `right`; each has a label and a resource of its name."""

    root: Path
    port: int = 0
    env: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    temp: str = ""

    @property
    def address(self) -> str:
        """Where its head is."""
        return f"127.0.0.1:{self.port}"

    @classmethod
    def start(
        cls, root: Path, *, mode: str = "token", cpus: int = 8, tls: bool = False
    ) -> RayCluster:
        """Start both nodes and wait for them."""
        made = cls(root, free_port())
        token = root / "token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        if tls:
            made.env |= _certificates(root)
        # Ray's sockets need short paths.
        made.temp = tempfile.mkdtemp(prefix="r", dir="/tmp")
        made.env |= {
            "RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1",
            "RAY_DEDUP_LOGS": "0",
            # By itself 15: whatever else a machine has to do would go before.
            "RAY_worker_niceness": "0",
        }  # fmt: skip
        try:
            made.head(cpus)
            made.node("right", cpus, "--address", made.address)
        except BaseException:
            made.close()  # also where whoever waits for it is stopped
            raise
        return made

    def head(self, cpus: int = 8) -> None:
        """Start the node that is the head."""
        self.node(
            "left", cpus, "--head", "--port", str(self.port), "--include-dashboard", "false",
            "--temp-dir", self.temp,
        )  # fmt: skip

    def home(self, name: str) -> Path:
        """Where the homes of a node's actors are."""
        return self.root / name

    def node(
        self, name: str, cpus: int, *words: str, settings: Mapping[str, str] | None = None
    ) -> None:  # fmt: skip
        """Start a node, in a process group of its own; `settings` of Ray's, as variables."""
        address = {"left": "127.0.0.1", "right": "127.0.0.2"}.get(name, "127.0.0.3")
        ray = Path(sys.executable).with_name("ray")
        env = {
            **os.environ, **self.env, **(settings or {}), ROOT: str(self.home(name)),
            "AGENTDECK_HOME": str(self.root / f"{name}-home"),
        }  # fmt: skip
        log = (self.root / f"{name}.log").open("wb")
        self.nodes[name] = subprocess.Popen(
            [ray, "start", *words, "--node-ip-address", address, "--num-cpus", str(cpus),
             "--object-store-memory", MEMORY, "--labels", f"site={name}",
             "--resources", f'{{"{name}": 100}}', "--block"],
            env=env, stdout=log, stderr=log, start_new_session=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 240
        while b"Ray runtime started" not in (self.root / f"{name}.log").read_bytes():
            if self.nodes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.root / f"{name}.log").read_text())
            time.sleep(0.05)

    def kill_node(self, name: str) -> None:
        """End a node as a lost machine is: everything of it at once."""
        process = self.nodes.pop(name)
        for pid in [*_below(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """End all of it."""
        import shutil

        for name in list(self.nodes):
            self.kill_node(name)
        shutil.rmtree(self.temp, ignore_errors=True)


def _certificates(root: Path) -> dict[str, str]:
    """One for all nodes, of an authority made for them (docs/cluster.md)."""
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    names = "subjectAltName=IP:127.0.0.1,IP:127.0.0.2,IP:" + _address()
    (root / "names").write_text(f"{names}\nextendedKeyUsage=serverAuth,clientAuth\n")
    for words in (
        [*new, "-x509", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt"],
        [*new, "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr"],
        ["openssl", "x509", "-req", "-in", "node.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
         "-CAcreateserial", "-extfile", "names", "-out", "node.crt"],
    ):  # fmt: skip
        subprocess.run(words, cwd=root, check=True, capture_output=True)
    files = {"CA_CERT": "ca.crt", "SERVER_CERT": "node.crt", "SERVER_KEY": "node.key"}
    return {"RAY_USE_TLS": "1", **{f"RAY_TLS_{k}": str(root / v) for k, v in files.items()}}


def _address() -> str:
    """Where Ray takes this machine to be, whatever it is told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.connect(("192.0.2.1", 9))  # nothing is sent
        return str(found.getsockname()[0])


def _below(root: int) -> list[int]:
    """Every process below one."""
    from sessions.tools.supervisor import descendants

    return list(descendants(root))
