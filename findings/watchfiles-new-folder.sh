#!/usr/bin/env bash
# Subject:  watchfiles 1.3.0 on Linux (inotify).
# Guess:    a recursive watch tells of every file that appears.
# Seen:     of a folder that is moved in or renamed it tells the folder alone, never its files
#           (made and filled at once is a race that the files mostly lose, too). A file that is replaced by renaming a new one over it (how
#           editors and careful programs save) comes as "added", not as "modified". Who acts on
#           the names of files must look into folders, and treat "added" as changed.
# Output:
#   moved in:          added new
#   renamed:           added older  deleted old
#   replaced:          added list.txt
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

from watchfiles import Change, watch

root = Path(tempfile.mkdtemp())
inside = root / "skills"
(inside / "old").mkdir(parents=True)
(inside / "old" / "SKILL.md").write_text("old")
(root / "new").mkdir()
(root / "new" / "SKILL.md").write_text("new")
(inside / "list.txt").write_text("one")


def replace():
    (root / "list.new").write_text("two")
    os.replace(root / "list.new", inside / "list.txt")


steps = {
    "moved in:        ": lambda: os.rename(root / "new", inside / "new"),
    "renamed:         ": lambda: os.rename(inside / "old", inside / "older"),
    "replaced:        ": replace,
}
told = {}
waiting = iter(steps.items())
label = None
for changes in watch(inside, debounce=200, rust_timeout=1000, yield_on_timeout=True):
    if label is not None and changes:
        told[label] = sorted((change.name, str(Path(path).relative_to(inside))) for change, path in changes)
    if label is None or changes:
        label, step = next(waiting, (None, None))
        if label is None:
            break
        step()
for label, changes in told.items():
    print(label, *(f"{change} {path}" for change, path in changes), sep="  ")
files = [path for changes in told.values() for _, path in changes if path.endswith((".md", ".sh"))]
shutil.rmtree(root)
sys.exit(not (files == [] and told["moved in:        "] == [("added", "new")]
              and told["replaced:        "] == [("added", "list.txt")]))
PY
