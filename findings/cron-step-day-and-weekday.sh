#!/usr/bin/env bash
# Subject:  croniter 7.0.0 and cronsim 2.8, "0 0 */2 * 1".
# Guess:    both say the same of a plain expression of five fields, or one refuses it.
# Seen:     croniter runs it on odd days OR Mondays, cronsim on odd days that are Mondays: for the
#           latter (as in Vixie cron) a day that starts with * counts as not given. With 1-31/2,
#           the same days, the two agree.
# Output:
#   croniter 0 0 */2 * 1     03.01 05.01 06.01 07.01 09.01
#   cronsim  0 0 */2 * 1     13.01 27.01 03.02 17.02 03.03
#   croniter 0 0 1-31/2 * 1  03.01 05.01 06.01 07.01 09.01
#   cronsim  0 0 1-31/2 * 1  03.01 05.01 06.01 07.01 09.01
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8

"$work/venv/bin/python" - <<'PY'
import sys
from datetime import datetime
from itertools import islice

from croniter import croniter
from cronsim import CronSim

start, days = datetime(2025, 1, 1), {}
for fields in ("0 0 */2 * 1", "0 0 1-31/2 * 1"):
    iterator = croniter(fields, start)
    days["croniter", fields] = [iterator.get_next(datetime).strftime("%d.%m") for _ in range(5)]
    days["cronsim", fields] = [day.strftime("%d.%m") for day in islice(CronSim(fields, start), 5)]
for (name, fields), found in days.items():
    print(f"{name:8} {fields:15}", *found)
either = ["03.01", "05.01", "06.01", "07.01", "09.01"]
sys.exit(list(days.values()) != [either, ["13.01", "27.01", "03.02", "17.02", "03.03"], either, either])
PY
