#!/usr/bin/env bash
# Subject:  Textual 8.2.8, @work(exclusive=True).
# Guess:    an exclusive worker replaces its own earlier run.
# Seen:     it cancels every worker of the widget that is in its group, and without `group=` all
#           are in one group: the search that starts cancels the save under way, and no one is
#           told.
# Output:
#   both exclusive, no group:       save cancelled, searched
#   both exclusive, groups of two:  searched, saved
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual import work
from textual.app import App


class Notes(App):
    done = []

    @work(exclusive=True)
    async def save(self):
        try:
            await asyncio.sleep(0.3)
            self.done.append("saved")
        except asyncio.CancelledError:
            self.done.append("save cancelled")
            raise

    @work(exclusive=True)
    async def search(self):
        self.done.append("searched")

    @work(exclusive=True, group="search")
    async def search_apart(self):
        self.done.append("searched")


async def main(search: str) -> list[str]:
    Notes.done = []
    notes = Notes()
    async with notes.run_test() as pilot:
        notes.save()
        await pilot.pause()
        getattr(notes, search)()
        await notes.workers.wait_for_complete([worker for worker in notes.workers if not worker.is_cancelled])
        await asyncio.sleep(0.4)
    return Notes.done


one, apart = asyncio.run(main("search")), asyncio.run(main("search_apart"))
print("both exclusive, no group:      ", ", ".join(one))
print("both exclusive, groups of two: ", ", ".join(apart))
sys.exit(not (sorted(one) == ["save cancelled", "searched"] and apart == ["searched", "saved"]))
PY
