#!/usr/bin/env bash
# Subject:  croniter 7.0.0 and cronsim 2.8, in a zone with summer time.
# Guess:    a daily job runs once a day.
# Seen:     in the night when the clocks go back croniter runs "30 2 * * *" twice (02:30 is there
#           twice), cronsim once. In spring croniter runs "0 */2 * * *" at 03:00 as well as at
#           04:00, cronsim at 04:00 only: the hour that is left out gets a run of its own.
# Output:
#   croniter 30 2 * * *  10-26T02:30:00+02:00 10-26T02:30:00+01:00 10-27T02:30:00+01:00
#   cronsim  30 2 * * *  10-26T02:30:00+02:00 10-27T02:30:00+01:00 10-28T02:30:00+01:00
#   croniter 0 */2 * * * 03-30T03:00:00+02:00 03-30T04:00:00+02:00 03-30T06:00:00+02:00
#   cronsim  0 */2 * * * 03-30T04:00:00+02:00 03-30T06:00:00+02:00 03-30T08:00:00+02:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 tzdata==2026.6

"$work/venv/bin/python" - <<'PY'
import sys
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

berlin, runs = ZoneInfo("Europe/Berlin"), {}
for fields, start in (("30 2 * * *", datetime(2025, 10, 25, 12, tzinfo=berlin)), ("0 */2 * * *", datetime(2025, 3, 30, 0, tzinfo=berlin))):
    iterator = croniter(fields, start)
    runs["croniter", fields] = [iterator.get_next(datetime).isoformat()[5:] for _ in range(3)]
    runs["cronsim", fields] = [time.isoformat()[5:] for time in islice(CronSim(fields, start), 3)]
for (name, fields), found in runs.items():
    print(f"{name:8} {fields:11}", *found)
sys.exit(not (runs["croniter", "30 2 * * *"][:2] == ["10-26T02:30:00+02:00", "10-26T02:30:00+01:00"]
              and runs["cronsim", "30 2 * * *"][:2] == ["10-26T02:30:00+02:00", "10-27T02:30:00+01:00"]
              and runs["croniter", "0 */2 * * *"][:2] == ["03-30T03:00:00+02:00", "03-30T04:00:00+02:00"]
              and runs["cronsim", "0 */2 * * *"][0] == "03-30T04:00:00+02:00"))
PY
