#!/usr/bin/env bash
# Subject:  merge3 1.0.0.
# Guess:    a conflict's markers stand on lines of their own, as with git.
# Seen:     when the conflict reaches a last line that has no line end, the markers are glued to
#           it: "mine=======". No line is a separator any more, and joined and written, the file
#           has a conflict that tools do not find.
# Output:
#   a
#   <<<<<<< mine
#   mine=======
#   theirs>>>>>>> theirs
#
#   -- with line ends:
#   ['a', '<<<<<<< mine', 'mine', '=======', 'theirs', '>>>>>>> theirs']
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check merge3==1.0.0

"$work/venv/bin/python" - <<'PY'
import sys
from merge3 import Merge3

base, mine, theirs = "a\nb", "a\nmine", "a\ntheirs"
merged = "".join(Merge3(*(text.splitlines(True) for text in (base, mine, theirs))).merge_lines("mine", "theirs"))
print(merged)
ended = "".join(Merge3(*((text + "\n").splitlines(True) for text in (base, mine, theirs))).merge_lines("mine", "theirs"))
print("-- with line ends:", ended.splitlines(), sep="\n")
sys.exit(not ("=======" not in merged.splitlines() and "mine=======" in merged.splitlines()
              and "=======" in ended.splitlines()))
PY
