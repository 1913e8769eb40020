"""The parent of one command, in a process of its own: whatever the command starts ends with it.

Run as a script (`python -I -S supervisor.py SPEC_FD STATUS_FD`; as a compiled one, where there is
one), standard library only, since it starts once per command. It makes itself the reaper of orphans
(Linux), so that a child that has left its process group or forked twice is still found; it ends
everything when it is told to, and also when the engine dies, which it learns from its standard
input being closed.

What is read from SPEC_FD is a marshalled dictionary: `argv`, `cwd`, `umask`, `files` (the soft
limit on open files, 0 = as it is), `grace_s`, `spare` (how many generations below this one get no
TERM: a sandbox's own processes, which would take everything down without a grace). Its environment
is the command's. On STATUS_FD it writes another when all is over: `code`, `signal` (or None),
`left` (processes that the command left behind and that were ended), `stuck` (what could not be
ended), or `error` when the command could not be started.

Marshalled, since both ends are this interpreter and trust each other, and the import of `json` is
a fifth of what a start costs. So are those of `contextlib`, of `signal`, which makes enumerations
of what `_signal` has as numbers, and of `ctypes`: none is imported. Nothing that the command
starts has either descriptor.

Not covered: a process of another user (after sudo), a SIGKILL to the supervisor itself outside
a sandbox, and on macOS children that have both left the session and lost their parent.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import marshal
import os
import select
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36
_KILL_S = 5.0


def _adopt_orphans() -> None:
    if not sys.platform.startswith("linux"):
        return
    try:
        from _ctypes import call_cdeclfunction, dlopen, dlsym
    except ImportError:  # an interpreter that is made otherwise
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return
    prctl = dlsym(dlopen(None, os.RTLD_NOW), "prctl")  # type: ignore[arg-type]
    call_cdeclfunction(prctl, (_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def _limit_files(soft: int) -> None:
    """The user's own soft limit on open files, which the engine raised for itself."""
    if soft > 0:
        import resource

        try:
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except (OSError, ValueError):
            return  # the engine's holds


def _parents() -> dict[int, int]:
    """Every live process and its parent."""
    found: dict[int, int] = {}
    if not os.access("/proc/self", os.F_OK):
        import subprocess

        table = subprocess.run(["/bin/ps", "-axo", "pid=,ppid=,stat="], capture_output=True)
        for line in table.stdout.splitlines():
            pid, parent, state = line.decode().split(None, 2)
            if not state.startswith("Z"):
                found[int(pid)] = int(parent)
        return found
    for name in [entry.name for entry in os.scandir("/proc")]:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name stands in brackets and may hold anything, brackets too.
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] not in (b"Z", b"X"):
                found[int(name)] = int(fields[1])
    return found


def descendants(root: int) -> dict[int, int]:
    """Every live process below `root`, and how many generations below."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found: dict[int, int] = {}
    layer, depth = children.get(root, []), 1
    while layer:
        for pid in layer:
            found[pid] = depth
        layer = [c for pid in layer for c in children.get(pid, []) if c not in found]
        depth += 1
    return found


def _send(pids: list[int], number: int) -> int:
    """Signal each; how many could not be."""
    refused = 0
    for pid in pids:
        if pid <= 1 or pid == os.getpid():
            continue
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        except PermissionError:
            refused += 1
    return refused


class Supervisor:
    """Starts the command, waits, ends what is left."""

    def __init__(self, spec: dict[str, object], status: int) -> None:
        self.argv = [str(word) for word in spec["argv"]]  # type: ignore[attr-defined]
        self.cwd = str(spec["cwd"])
        self.grace_s = float(spec["grace_s"])  # type: ignore[arg-type]
        self.spare = int(spec["spare"])  # type: ignore[call-overload]
        self.umask = int(spec.get("umask", 0o077))  # type: ignore[call-overload]
        self.files = int(spec.get("files", 0))  # type: ignore[call-overload]
        self.status = status
        self.main = 0
        self.childless = False
        self.result: int | None = None
        self.kill_at: float | None = None
        self.left = 0

    def run(self) -> dict[str, object]:
        """The whole life of the command."""
        wake = self._wake_on_children()
        error = self._start()
        if error:
            return {"error": error}
        control: list[int] = [0]
        while True:
            self._reap()
            if self.result is not None and self.kill_at is None and not self._finish():
                break
            if self.kill_at is not None and (not self._below() or self._kill_when_due()):
                self._reap()
                break
            timeout = None if self.kill_at is None else max(0.0, self.kill_at - time.monotonic())
            ready, _, _ = select.select([wake, *control], [], [], timeout)
            if wake in ready:
                os.read(wake, 4096)
            if 0 in ready:
                if not os.read(0, 64):
                    control = []  # the engine is gone
                self.terminate()
        stuck = len(self._below())
        code, number = self._ended()
        return {"code": code, "signal": number, "left": self.left, "stuck": stuck}

    def terminate(self) -> None:
        """Ask everything to end; what has not after the grace is killed."""
        if self.kill_at is not None:
            return
        self.kill_at = time.monotonic() + self.grace_s
        below = self._below()
        _send([pid for pid, depth in below.items() if depth > self.spare], signal.SIGTERM)

    def _finish(self) -> bool:
        """The command has ended: end what it left behind; whether there is anything."""
        below = self._below()
        # A sandbox takes what is left down with itself; it may just not be done yet.
        self.left = 0 if self.spare else len(below)
        if below:
            self.grace_s = min(self.grace_s, 0.5)
            self.terminate()
        return bool(below)

    def _kill_when_due(self) -> bool:
        if self.kill_at is None or time.monotonic() < self.kill_at:
            return False
        end = time.monotonic() + _KILL_S
        while time.monotonic() < end:
            seen: set[int] = set()
            # Stopped first, so that nothing forks away between the look and the kill.
            while new := set(self._below()) - seen:
                _send(list(new), signal.SIGSTOP)
                seen |= new
                if time.monotonic() > end:
                    break
            if not seen:
                break
            _send(list(seen), signal.SIGKILL)
            time.sleep(0.005)
            self._reap()
        return True

    def _start(self) -> str:
        read, write = os.pipe()
        self.main = os.fork()
        if self.main == 0:
            self._become(write)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            return pipe.read().decode("utf-8", "replace")

    def _become(self, fault: int) -> None:
        """In the child: turn into the command, or say why not and end."""
        try:
            os.setsid()
            os.umask(self.umask)
            _limit_files(self.files)
            os.chdir(self.cwd)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(1, 2)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD,
                           signal.SIGPIPE):  # fmt: skip
                signal.signal(number, signal.SIG_DFL)
            os.execvp(self.argv[0], self.argv)
        except OSError as error:
            os.write(fault, f"{self.argv[0]}: {error.strerror}".encode())
        finally:
            os._exit(127)

    def _below(self) -> dict[int, int]:
        """Its descendants. The look at all processes is spared where it has no child any more."""
        return {} if self.childless else descendants(os.getpid())

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.childless = True
                return
            if pid == 0:
                return
            if pid == self.main:
                self.result = status

    def _ended(self) -> tuple[int | None, int | None]:
        if self.result is None:
            return None, int(signal.SIGKILL)
        code = os.waitstatus_to_exitcode(self.result)
        return (None, -code) if code < 0 else (code, None)

    def _wake_on_children(self) -> int:
        read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for asked in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(asked, lambda *_: self.terminate())
        return read


def main() -> None:
    """Read the command line, run the command, report."""
    status = int(sys.argv[2])
    os.set_inheritable(status, False)
    _adopt_orphans()
    with open(int(sys.argv[1]), "rb") as told:
        spec = marshal.load(told)  # the engine's own
    report = Supervisor(spec, status).run()
    try:
        os.write(status, marshal.dumps(report))
    except OSError:
        return  # nobody is there any more to be told


if __name__ == "__main__":
    main()
