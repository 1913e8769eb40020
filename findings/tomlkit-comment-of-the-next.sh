#!/usr/bin/env bash
# Subject:  tomlkit 0.15.2, which keeps comments where they are.
# Guess:    a key added to a table stands behind the keys of that table.
# Seen:     a comment that introduces the NEXT table counts as the end of this one: the new key
#           goes below it, and the comment then speaks of the new key. At the top of a document
#           the same: a new top-level key comes between a table and its comment.
# Output:
#   [rules]
#   read = true
#
#   # Keys of the second server.
#   write = false
#   [server]
#   port = 1
#
#   # Keys of the server.
#   theme = "dark"
#
#   [server]
#   port = 1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tomlkit==0.15.2

"$work/venv/bin/python" - <<'PY'
import sys
import tomlkit

source = "[rules]\nread = true\n\n# Keys of the second server.\n[server]\nport = 1\n"
document = tomlkit.parse(source)
document["rules"]["write"] = False
print(document.as_string())
inside = document.as_string()

document = tomlkit.parse("# Keys of the server.\n[server]\nport = 1\n")
document["theme"] = "dark"
print(document.as_string(), end="")
sys.exit(not ("# Keys of the second server.\nwrite = false\n[server]" in inside
              and document.as_string().startswith("# Keys of the server.\ntheme = \"dark\"\n")))
PY
