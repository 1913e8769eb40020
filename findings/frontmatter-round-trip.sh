#!/usr/bin/env bash
# Subject:  python-frontmatter 1.3.0.
# Guess:    load and dump give the file back, or nearly.
# Seen:     a body that begins with an indented code block loses the indent of its first line (the
#           body is stripped at both ends), so Markdown no longer sees code; keys come out in
#           alphabetical order; a frontmatter that is a list is dropped without a word; and a key
#           called `content` is a TypeError.
# Output:
#   ---
#   name: notes
#   description: Keeps notes.
#   ---
#
#       make notes
#       make check
#   -- comes out as:
#   ---
#   description: Keeps notes.
#   name: notes
#   ---
#
#   make notes
#       make check
#   -- a list: {} 'body'
#   -- a key content: Post.__init__() got multiple values for argument 'content'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-frontmatter==1.3.0

"$work/venv/bin/python" - <<'PY'
import sys
import frontmatter

source = "---\nname: notes\ndescription: Keeps notes.\n---\n\n    make notes\n    make check\n"
written = frontmatter.dumps(frontmatter.loads(source))
print(source + "-- comes out as:\n" + written)
listed = frontmatter.loads("---\n- one\n- two\n---\nbody")
print("-- a list:", listed.metadata, repr(listed.content))
try:
    frontmatter.loads("---\ncontent: article\n---\nbody")
    told = "read"
except TypeError as fault:
    told = str(fault)
print("-- a key content:", told)
sys.exit(not (written == "---\ndescription: Keeps notes.\nname: notes\n---\n\nmake notes\n    make check"
              and listed.metadata == {} and listed.content == "body" and "multiple values" in told))
PY
