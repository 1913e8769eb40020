#!/usr/bin/env bash
# Subject:  tomlkit 0.15.2.
# Guess:    values behave like the Python values that they stand for; strings and numbers do.
# Seen:     a boolean on its own comes out as True or False, a boolean inside an array as an
#           object of class Bool: `is True` and isinstance(…, bool) are false, and json.dumps of
#           the document works until somebody writes a boolean into an array.
# Output:
#   alone:    True {"flag": true, "words": ["a"], "numbers": [1]}
#   in array: False False Bool True
#   json:     Object of type Bool is not JSON serializable
#   unwrap(): {"flags": [true, false]}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tomlkit==0.15.2

"$work/venv/bin/python" - <<'PY'
import json
import sys
import tomlkit

alone = tomlkit.parse("flag = true\nwords = ['a']\nnumbers = [1]\n")
print("alone:   ", alone["flag"] is True, json.dumps(alone))
within = tomlkit.parse("flags = [true, false]\n")
first = within["flags"][0]
print("in array:", first is True, isinstance(first, bool), type(first).__name__, first == True)
try:
    told = json.dumps(within)
except TypeError as fault:
    told = str(fault)
print("json:    ", told)
print("unwrap():", json.dumps(within.unwrap()))
sys.exit(not (alone["flag"] is True and first is not True and not isinstance(first, bool) and first == True
              and "not JSON serializable" in told))
PY
