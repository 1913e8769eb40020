#!/usr/bin/env bash
# Subject:  a short commit id without quotes, as in `metadata: {commit: 4521e83}` of a SKILL.md,
#           read by PyYAML 6.0.4, ruamel.yaml 0.19.1 and strictyaml 1.7.3.
# Guess:    a hexadecimal word is a string, in YAML 1.1 and 1.2.
# Seen:     digits with one e are a number of YAML 1.2: ruamel.yaml reads 4.521e+86, or inf, where
#           PyYAML (which demands a dot) has the string. Digits alone with a leading 0 are octal to
#           PyYAML and decimal to ruamel.yaml. One id in fifty is hit, so it passes review.
# Output:
#   written  PyYAML     ruamel.yaml  strictyaml
#   4521e83  '4521e83'  4.521e+86    '4521e83'
#   12e4567  '12e4567'  inf          '12e4567'
#   0123456  42798      123456       '0123456'
#   0987654  '0987654'  987654       '0987654'
#   ab12e45  'ab12e45'  'ab12e45'    'ab12e45'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyyaml==6.0.4 ruamel.yaml==0.19.1 strictyaml==1.7.3

"$work/venv/bin/python" - <<'PY'
import io
import sys

import strictyaml
import yaml
from ruamel.yaml import YAML

rows = []
print(f"{'written':8} {'PyYAML':10} {'ruamel.yaml':12} strictyaml")
for commit in ("4521e83", "12e4567", "0123456", "0987654", "ab12e45"):
    text = f"commit: {commit}\n"
    rows.append((yaml.safe_load(text)["commit"], YAML(typ="safe").load(io.StringIO(text))["commit"],
                 strictyaml.load(text).data["commit"]))
    print(f"{commit:8} {rows[-1][0]!r:10} {rows[-1][1]!r:12} {rows[-1][2]!r}")
sys.exit(rows != [("4521e83", 4521e83, "4521e83"), ("12e4567", float("inf"), "12e4567"), (0o123456, 123456, "0123456"),
                  ("0987654", 987654, "0987654"), ("ab12e45",) * 3])
PY
