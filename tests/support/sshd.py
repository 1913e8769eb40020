"""A ssh server of a test's own: its own keys, a high port on loopback, every file in one folder.

Nothing of the system's or of the user's is read or changed: the client is given a configuration
file of its own too.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
_SEPARATION = Path("/run/sshd")
_UP_S = 10.0


@dataclass(frozen=True, slots=True)
class Far:
    """A host `far`, which is this one."""

    client: Path
    """The configuration that `ssh -F` takes."""

    def command(self, *words: str) -> list[str]:
        """How a command is run over there."""
        return ["ssh", "-F", str(self.client), "far", *words]


def missing() -> str:
    """Why no ssh server can be started here, or ""."""
    if SSHD is None or not shutil.which("ssh") or not shutil.which("ssh-keygen"):
        return "OpenSSH is not here"
    if os.geteuid() == 0 and not _SEPARATION.is_dir() and not shutil.which("unshare"):
        return f"as root, sshd needs {_SEPARATION}"
    return ""


@asynccontextmanager
async def sshd(folder: Path, user: str = "") -> AsyncIterator[Far]:
    """Serve from `folder`, to log in as `user` (as root alone can serve another one than itself).

    Raises RuntimeError, with what it printed, if it does not come up.
    """
    assert SSHD is not None
    folder.mkdir(mode=0o711 if user else 0o700)
    (folder / "home").mkdir()
    for key in ("host", "user"):
        await _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    port = _free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        # What the user's own shell does when it starts is no part of a test.
        + ("" if user else f"SetEnv HOME={folder}/home\n")
    )
    known = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {known}")
    client = folder / "ssh_config"
    client.write_text(
        f"Host far\nHostName 127.0.0.1\nPort {port}\nUser {user or getpass.getuser()}\n"
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\n"
        "BatchMode yes\nLogLevel ERROR\n"
    )
    served = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
    if os.geteuid() == 0 and not _SEPARATION.is_dir():
        # As root it wants this empty folder; it gets one that nobody else sees.
        made = f'mount -t tmpfs tmpfs /run && mkdir {_SEPARATION} && exec "$@"'
        served = ["unshare", "-m", "sh", "-c", made, "sh", *served]
    process = await asyncio.create_subprocess_exec(*served, stderr=asyncio.subprocess.PIPE)
    try:
        await _up(process)
        yield Far(client)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _up(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(_UP_S):
        while b"Server listening" not in said:
            line = await process.stderr.readline()
            if not line:
                raise RuntimeError(f"sshd ended: {said.decode(errors='replace')}")
            said += line


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{command[0]} failed")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
