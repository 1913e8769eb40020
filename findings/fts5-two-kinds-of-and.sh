#!/usr/bin/env bash
# Subject:  SQLite 3.54.1 (apsw 3.54.1.0), FTS5 queries.
# Guess:    words side by side are joined by an implicit AND, the same as AND.
# Seen:     not for a phrase without any word in it, such as "--" or an emoji that the tokenizer
#           drops: side by side it is passed over, after AND it makes the whole answer empty, and
#           alone it finds nothing. So joining a user's quoted words by " AND " instead of " "
#           loses every row as soon as one of them is punctuation.
# Output:
#   SQLite 3.54.1
#   "git" "src"                 1
#   "git" AND "src"             1
#   "git" "--" "src"            1
#   "git" AND "--" AND "src"    0
#   "git" OR "--"               1
#   "--"                        0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0

"$work/venv/bin/python" - <<'PY'
import sys
import apsw

base = apsw.Connection(":memory:")
base.execute("create virtual table notes using fts5(text)")
base.execute("insert into notes values ('git log --oneline -- src')")
print("SQLite", apsw.sqlite_lib_version())
counts = {}
for query in ('"git" "src"', '"git" AND "src"', '"git" "--" "src"', '"git" AND "--" AND "src"', '"git" OR "--"', '"--"'):
    counts[query] = len(list(base.execute("select 1 from notes where notes match ?", (query,))))
    print(f"{query:27} {counts[query]}")
sys.exit(list(counts.values()) != [1, 1, 1, 0, 1, 0])
PY
