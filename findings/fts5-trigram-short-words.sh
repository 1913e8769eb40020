#!/usr/bin/env bash
# Subject:  SQLite 3.54.1 (apsw 3.54.1.0), FTS5 with tokenize="trigram".
# Guess:    a word too short for trigrams is an error, or is searched slowly.
# Seen:     a word of one or two characters is silently nothing. Alone it finds no row, with AND
#           it empties the answer, and behind NOT it excludes nothing: `hello NOT ab` returns
#           the row that has ab in it. LIKE finds it.
# Output:
#   SQLite 3.54.1
#   match hello:           1
#   match ab:              0
#   match hello AND ab:    0
#   match hello OR ab:     1
#   match hello NOT ab:    1
#   match hello NOT world: 0
#   like  %ab%:            1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0

"$work/venv/bin/python" - <<'PY'
import sys
import apsw

base = apsw.Connection(":memory:")
base.execute("create virtual table notes using fts5(text, tokenize='trigram')")
base.execute("insert into notes values ('hello ab world')")
print("SQLite", apsw.sqlite_lib_version())
counts = {}
for query in ("hello", "ab", "hello AND ab", "hello OR ab", "hello NOT ab", "hello NOT world"):
    counts[query] = len(list(base.execute("select 1 from notes where notes match ?", (query,))))
    print(f"match {query + ':':16} {counts[query]}")
like = len(list(base.execute("select 1 from notes where text like '%ab%'")))
print(f"like  {'%ab%:':16} {like}")
sys.exit(list(counts.values()) != [1, 0, 0, 1, 1, 0] or like != 1)
PY
