"""Stands where a program is started that Python runs, and has a fork be that program.

    python -I -S relay.py ADDRESS SCRIPT …

For programs that the product starts itself, as a child of its own: this is that child. It begins
in a tenth of the time, hands its streams on, ends as the fork ends, and takes it along.
"""

import json
import os
import signal
import socket
import struct
import sys


def ask(server: socket.socket, said: dict[str, object], fds: list[int]) -> None:
    """Ask the server that forks for a process of this kind, with these descriptors."""
    text = json.dumps(said).encode()
    socket.send_fds(server, [struct.pack("=I", len(text))], fds)
    server.sendall(text)


def main() -> None:
    """Ask for the fork, and wait for its end."""
    os.umask(mask := os.umask(0o077))
    with socket.socket(socket.AF_UNIX) as server:
        server.connect("\0" + sys.argv[1])
        said = {
            "command": [sys.executable, *sys.argv[2:]],
            "cwd": os.getcwd(),
            "env": dict(os.environ),
            "umask": mask,
            "session": False,
            "limits": [],
            "terminal": False,
            "numbers": [0, 1, 2],
            "tied": True,
        }
        ask(server, said, [0, 1, 2])
        os.close(0)
        os.close(1)
        _, code = struct.unpack("=ii", server.recv(8, socket.MSG_WAITALL))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
