#!/usr/bin/env bash
# Subject:  click 8.5.1.
# Guess:    which words ask for help (`help_option_names`) is taken from the context at every call.
# Seen:     a command makes its option for help at its first call and keeps it. If that call came
#           from a group that names `-h` too, the command knows `-h` for ever, also by itself; if it
#           was called by itself, no group can teach it `-h` any more: "No such option". A test that
#           invokes a subcommand changes what the whole program takes later in the same process.
# Output:
#   group first: the group's -h ends with 0, then the command's own -h with 0
#   command first: the command's own --help ends with 0, then the group's -h with 2
#   Error: No such option '-h'.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check click==8.5.1

"$work/venv/bin/python" - <<'PY'
import sys

import click
from click.testing import CliRunner


def program() -> tuple[click.Group, click.Command]:
    command = click.Command("list", callback=lambda: None)
    settings = {"help_option_names": ["-h", "--help"]}
    return click.Group("program", commands=[command], context_settings=settings), command


run = CliRunner().invoke
group, command = program()
codes = [run(group, ["list", "-h"]).exit_code, run(command, ["-h"]).exit_code]
print(f"group first: the group's -h ends with {codes[0]}, then the command's own -h with {codes[1]}")

group, command = program()
alone, told = run(command, ["--help"]), run(group, ["list", "-h"])
print(f"command first: the command's own --help ends with {alone.exit_code}, then the group's -h with {told.exit_code}")
print(told.output.splitlines()[-1])
sys.exit([*codes, alone.exit_code, told.exit_code] != [0, 0, 0, 2])
PY
