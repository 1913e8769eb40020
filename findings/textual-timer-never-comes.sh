#!/usr/bin/env bash
# Subject:  Textual 8.2.8, `set_timer(delay, callback)` with a delay that is all but nothing.
# Guess:    the callback is called as soon as may be.
# Seen:     never. A timer leaves out the ticks that have passed already, its only one too.
# Output:
#   delay 0.05: called
#   delay 1e-09: never
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual.app import App


async def called(delay):
    found = []
    app = App()
    async with app.run_test() as pilot:
        app.set_timer(delay, lambda: found.append(delay))
        for _ in range(20):
            await asyncio.sleep(0.05)
            await pilot.pause()
            if found:
                break
    return bool(found)


later, sooner = asyncio.run(called(0.05)), asyncio.run(called(1e-9))
print(f"delay 0.05: {'called' if later else 'never'}")
print(f"delay 1e-09: {'called' if sooner else 'never'}")
sys.exit(not (later and not sooner))
PY
