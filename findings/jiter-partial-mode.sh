#!/usr/bin/env bash
# Subject:  jiter 0.19.0, from_json(partial_mode=True), for JSON that is still coming in.
# Guess:    it completes what is unfinished and refuses what can never become valid.
# Seen:     any error where a comma or a bracket is due counts as "unfinished": `[1, 2}` and
#           `{"a": 1 "b": 2}` give what stood before, and the rest is not looked at. An unfinished
#           string is left out, but an unfinished number is handed over as if it were whole: 12 of
#           1200. And allow_inf_nan=False refuses NaN, not 1e999.
# Output:
#   {"text": "hel                {}
#   {"count": 12                 {'count': 12}
#   {"list": [1, 2}, "more": 3}  {'list': [1, 2]}
#   {"a": 1 "b": 2}              {'a': 1}
#   {"a": 1}{"b": 2}             {'a': 1}
#   [1e999], allow_inf_nan=False [inf]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check jiter==0.19.0

"$work/venv/bin/python" - <<'PY'
import sys
import jiter

expected = {
    '{"text": "hel': {},
    '{"count": 12': {"count": 12},
    '{"list": [1, 2}, "more": 3}': {"list": [1, 2]},
    '{"a": 1 "b": 2}': {"a": 1},
    '{"a": 1}{"b": 2}': {"a": 1},
}
got = {}
for text in expected:
    got[text] = jiter.from_json(text.encode(), partial_mode=True)
    print(f"{text:28} {got[text]}")
infinite = jiter.from_json(b"[1e999]", allow_inf_nan=False)
print(f"{'[1e999], allow_inf_nan=False':28} {infinite}")
sys.exit(not (got == expected and infinite == [float("inf")]))
PY
