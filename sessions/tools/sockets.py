"""Unix sockets by which a command could reach out of its sandbox without the network.

A read-only file system does not keep anybody from connecting to a socket in it. Container
runtimes, key agents and editors listen on sockets in the home folder, and whoever speaks to them
has the user's rights.
"""

from __future__ import annotations

import glob
import stat
from pathlib import Path

_KNOWN = (
    ".docker/run/docker.sock", ".docker/desktop/*.sock", ".colima/*/docker.sock",
    ".colima/docker.sock", ".lima/*/sock/*.sock", ".rd/docker.sock", ".orbstack/run/*.sock",
    ".local/share/containers/podman/machine/*/*.sock", ".local/share/containers/podman/*.sock",
    ".1password/agent.sock", ".bitwarden-ssh-agent.sock", ".strongbox/agent.sock",
    ".config/Bitwarden/*.sock", ".local/share/keyrings/control", ".cache/keyring-*/control",
    ".gnupg/S.*", ".ssh/agent*", ".ssh/*.sock", ".minikube/*.sock", ".vagrant.d/*.sock",
    ".vscode-server/*.sock", ".emacs.d/server/*", ".pulse/native", ".dbus/*", ".ICE-unix/*",
    ".containerd/*.sock", ".multipass/*.sock", ".local/share/nix/*.sock",
)  # fmt: skip
"""Under the home folder; from the documentation of the programs that listen there."""


def to_hide(home: Path, table: Path = Path("/proc/net/unix")) -> list[Path]:
    """Every socket that has a path and can be seen now: those that anybody listens on, by the
    system's own table (proc(5)), and those of programs in other namespaces, by their names.
    """
    found = {Path(p) for name in _KNOWN for p in glob.glob(str(home / name))}  # noqa: PTH207
    try:
        lines = table.read_bytes().splitlines()[1:]
    except OSError:
        lines = []
    for line in lines:
        words = line.split(None, 7)
        if len(words) == 8 and words[7].startswith(b"/"):
            found.add(Path(words[7].decode("utf-8", "surrogateescape")))
    return sorted(path for path in found if _is_socket(path))


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except (OSError, ValueError):
        return False
