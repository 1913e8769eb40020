#!/usr/bin/env bash
# Subject:  watchfiles 1.3.0, force_polling=True (also chosen by itself under WSL, and with
#           WATCHFILES_FORCE_POLLING).
# Guess:    polling is slower and otherwise the same: a change of time, size or text is told.
# Seen:     only a change of the whole second of the modification time, and forwards: a file
#           that is written twice within a second, to another size even, or replaced by an older
#           copy (cp -p, tar, git stash pop with times kept) is never told of.
# Output:
#   same second:              not told
#   same second, other size:  not told
#   an older time:            not told
#   the next second:          told
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check watchfiles==1.3.0

"$work/venv/bin/python" - <<'PY'
import os
import shutil
import sys
import tempfile
from pathlib import Path
from time import monotonic

from watchfiles import watch

root = Path(tempfile.mkdtemp())
file, marker = root / "notes", root / "marker"


def write(text: str, at: float) -> None:
    file.write_text(text)
    os.utime(file, (at, at))


def told(text: str, at: float) -> bool:
    """Whether a change of the file is told; a marker made after it says when to stop."""
    write("a", 1000.1)
    marker.unlink(missing_ok=True)
    names, began, changed = set(), False, 0.0
    for changes in watch(root, force_polling=True, poll_delay_ms=50, debounce=100, rust_timeout=400, yield_on_timeout=True):
        if not began:
            began, changed = True, monotonic()
            write(text, at)
        elif not marker.exists() and monotonic() - changed > 1:
            marker.write_text("")
        names |= {Path(path).name for _, path in changes}
        if "marker" in names:
            return "notes" in names
    return False


results = [told("b", 1000.9), told("a longer text", 1000.9), told("b", 900.1), told("b", 1001.1)]
for label, result in zip(("same second:", "same second, other size:", "an older time:", "the next second:"), results):
    print(f"{label:25} {'told' if result else 'not told'}")
shutil.rmtree(root)
sys.exit(results != [False, False, False, True])
PY
