#!/usr/bin/env bash
# Subject:  skills-ref 0.1.1, the reference reader of SKILL.md.
# Guess:    the frontmatter ends at a line that is ---, and what validates is read in full.
# Seen:     it ends at the first three dashes anywhere. A description with --- in its middle is
#           valid, and is cut there; the rest of it counts as body, and so do the fields that
#           come after it (here the licence).
# Output:
#   ---
#   name: separators
#   description: Explains the --- separator of Markdown
#   license: MIT
#   ---
#
#   # Separators
#
#   problems:    []
#   description: 'Explains the'
#   license:     None
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check skills-ref==0.1.1

"$work/venv/bin/python" - <<'PY'
import sys
import tempfile
from pathlib import Path

from skills_ref import read_properties, validate

folder = Path(tempfile.mkdtemp()) / "separators"
folder.mkdir()
text = "---\nname: separators\ndescription: Explains the --- separator of Markdown\nlicense: MIT\n---\n\n# Separators\n"
(folder / "SKILL.md").write_text(text)
problems, read = validate(folder), read_properties(folder)
print(text)
print("problems:   ", problems)
print("description:", repr(read.description))
print("license:    ", read.license)
(folder / "SKILL.md").unlink(), folder.rmdir(), folder.parent.rmdir()
sys.exit(not (problems == [] and read.description == "Explains the" and read.license is None))
PY
