#!/usr/bin/env bash
# Subject:  skills-ref 0.1.1, its command `agentskills`.
# Guess:    `agentskills validate .` in a skill's folder is the same as naming the folder.
# Seen:     in the folder it always fails: the name of "." is empty, so it "must match skill name
#           'notes'"; the same for the file SKILL.md, named from there. From outside the folder is
#           valid. (The package installs no command skills-ref; it is called agentskills.)
# Output:
#   in notes: validate . -> 1: Validation failed for .: - Directory name '' must match skill name 'notes'
#   in its parent: validate notes -> 0: Valid skill: notes
#   in notes: validate SKILL.md -> 1: Validation failed for .: - Directory name '' must match skill name 'notes'
#   skills-ref is a command: False
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check skills-ref==0.1.1

"$work/venv/bin/python" - <<'PY'
import subprocess
import sys
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp()) / "notes"
folder.mkdir()
(folder / "SKILL.md").write_text("---\nname: notes\ndescription: Keeps notes.\n---\n\nBody.\n")
command = Path(sys.executable).with_name("agentskills")
codes = []
for where, argument in ((folder, "."), (folder.parent, "notes"), (folder, "SKILL.md")):
    ran = subprocess.run([command, "validate", argument], cwd=where, capture_output=True, text=True)
    codes.append(ran.returncode)
    said = " ".join((ran.stdout + ran.stderr).split()).replace(str(folder.parent), "…")
    print(f"in {where.name if where == folder else 'its parent'}: validate {argument} -> {ran.returncode}: {said}")
print("skills-ref is a command:", command.with_name("skills-ref").exists())
(folder / "SKILL.md").unlink(), folder.rmdir(), folder.parent.rmdir()
sys.exit(codes != [1, 0, 1] or command.with_name("skills-ref").exists())
PY
