#!/usr/bin/env bash
# Subject:  bytecode that CPython 3.11.7 writes under a limit on the size of files (`ulimit -f`).
# Guess:    a module's .pyc is written whole or not at all: it goes to a file beside it first.
# Seen:     the short write is not noticed, and the cut file takes the place of the whole one. That
#           import works; from then on the module can't be imported by anybody, with or without the
#           limit, until its source changes: EOFError, which a command line made with click takes
#           for ctrl+d. PYTHONDONTWRITEBYTECODE=1 under the limit avoids it.
# Output:
#   under the limit: imported, bytecode of 1024 bytes
#   afterwards:      EOFError: marshal data too short
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
for n in $(seq 200); do echo "def f$n(): return 'the number $n'"; done > module.py

cat > limited.py <<'PY'
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
import module  # noqa
PY
python3 limited.py
size=$(stat -c %s __pycache__/module.*.pyc)
echo "under the limit: imported, bytecode of $size bytes"
said=$(python3 -c 'import module' 2>&1 | tail -n 1 || true)
echo "afterwards:      $said"
test "$size" = 1024
test "$said" = "EOFError: marshal data too short"
