"""A file that a script names itself becomes its argument, where that is certain."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sessions.harvest.arguments import run_alone, with_arguments
from sessions.harvest.parameters import file_name, generalised, names_data, names_within

SCRIPT = '''"""Sums."""
from __future__ import annotations

import csv

# ünï: what stands before a place counts by its bytes
é = "ö"; rows = list(csv.DictReader(open("a.csv")))
print(len(rows), "a.csv")
open("out/sum.txt", "w").write(str(sum(int(row["n"]) for row in rows)))
'''


def test_without_arguments_it_does_what_it_did_and_with_them_the_same_on_others(
    tmp_path: Path,
) -> None:
    text, taken = with_arguments("sums.py", SCRIPT, ["out/sum.txt"])
    assert [(t.name, t.recorded) for t in taken] == [
        ("CSV_FILE", "a.csv"), ("NEW_SUM_TXT", "out/sum.txt"),
    ]  # fmt: skip
    (tmp_path / "sums.py").write_text(text)
    (tmp_path / "out").mkdir()
    (tmp_path / "a.csv").write_text("n\n1\n2\n")
    (tmp_path / "b.csv").write_text("n\n40\n2\n0\n")

    def run(*words: str) -> str:
        line = [sys.executable, "sums.py", *words]
        return subprocess.run(line, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert run() == "2 a.csv\n" and (tmp_path / "out/sum.txt").read_text() == "3"
    assert run("b.csv", "b.txt") == "3 b.csv\n" and (tmp_path / "b.txt").read_text() == "42"


@pytest.mark.parametrize(
    "script",
    [
        "import sys\nprint(open(sys.argv[1]).read(), open('a.csv').read())\n",
        "import argparse\nopen('a.csv')\n",
        "print('no file')\n",
        "open(f'a.csv')\nopen('a.csv'\n",
        "x = 'see a.csv'\n",
        "open(f'{0}/a.csv')\nopen(rb'a.csv')\n",
        "open('a.csv'); open('b.csv'); open('c.csv'); open('d.csv')\n",
        "open('a.csv', 'w').write('1')\n",
    ],
)
def test_what_is_not_certain_stays_as_it_ran(script: str) -> None:
    assert with_arguments("a.py", script) == (script, [])


def test_a_name_that_is_taken_is_not_used_again() -> None:
    text, (each,) = with_arguments("a.py", "import sys\nCSV_FILE = 1\nopen('a.csv')\n")
    assert each.name == "CSV_FILE_2" and text.count("import sys") == 1
    assert "open(CSV_FILE_2)" in text


@pytest.mark.parametrize(
    ("command", "alone"),
    [
        ("python3 plot.py", True),
        ("cd w && ./plot.py > log", True),
        ("python3 -u w/plot.py; ls", True),
        ("python3 -m pytest plot.py", False),
        ("python3 plot.py --fast", False),
        ("cat replot.py", False),
    ],
)
def test_only_what_ran_by_itself_takes_arguments(command: str, alone: bool) -> None:
    assert run_alone("w/plot.py", command) is alone


SHELL = """#!/bin/sh
# sums wind.csv
set -eu
tail -n +2 wind.csv | wc -l > "out/sum.txt"
echo done, 'wind.csv'
"""
NODE = """#!/usr/bin/env node
'use strict';
// reads wind.csv
const fs = require('fs');
const rows = fs.readFileSync("wind.csv", 'utf8').trim().split('\\n').slice(1);
fs.writeFileSync('out/sum.txt', String(rows.length));
console.log(rows.length, 'rows');
"""


@pytest.mark.parametrize(
    ("program", "name", "script"), [("sh", "sums.sh", SHELL), ("node", "sums.js", NODE)]
)
def test_scripts_of_a_shell_and_of_node_do_the_same_as_before_and_on_other_files(
    tmp_path: Path, program: str, name: str, script: str
) -> None:
    text, taken = with_arguments(name, script, ["out/sum.txt"])
    assert [(t.name, t.recorded) for t in taken] == [
        ("WIND_CSV", "wind.csv"), ("NEW_SUM_TXT", "out/sum.txt"),
    ]  # fmt: skip
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    (tmp_path / name).write_text(text)
    (tmp_path / "out").mkdir()
    (tmp_path / "wind.csv").write_text("n\n1\n2\n")
    (tmp_path / "b c.csv").write_text("n\n40\n2\n0\n")

    def run(*words: str) -> None:
        subprocess.run([program, name, *words], cwd=tmp_path, check=True, capture_output=True)

    run()
    assert (tmp_path / "out/sum.txt").read_text().strip() == "2"
    run("b c.csv", "b.txt")
    assert (tmp_path / "b.txt").read_text().strip() == "3"


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("a.sh", "#!/bin/sh\nwc -l wind.csv $1\n"),
        ("a.sh", "#!/bin/sh\nwc -l wind.csv; echo 'of wind.csv'\n"),
        ("a.sh", "#!/bin/sh\nwc -l < wind.csv; cat <<EOF\nwind.csv\nEOF\n"),
        ("a.js", "console.log(process.argv[2], require('fs').readFileSync('wind.csv'));\n"),
        ("a.js", "const a = `see ${1} wind.csv`; read('wind.csv');\n"),
        ("a.js", 'const a = "see wind.csv"; read("wind.csv");\n'),
        ("a.rb", "puts File.read('wind.csv')\n"),
    ],
)
def test_what_is_not_certain_in_another_language_stays_as_it_ran(name: str, script: str) -> None:
    assert with_arguments(name, script) == (script, [])


FOLDER = """import glob, os
names = sorted(os.listdir("in/notes"))
first = open("in/notes/" + names[0]).read()
print(len(glob.glob('in/notes/*.md')), first.strip())
"""


def test_a_folder_that_a_script_names_itself_is_its_argument(tmp_path: Path) -> None:
    text, taken = with_arguments("count.py", FOLDER)
    assert [(t.name, t.recorded, t.what) for t in taken] == [
        ("NOTES_FOLDER", "in/notes", "a folder with Markdown files")
    ]
    (tmp_path / "count.py").write_text(text)
    for folder, count in (("in/notes", 1), ("else", 2)):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(count):
            (tmp_path / folder / f"{number}.md").write_text(f"of {folder}\n")

    def run(*words: str) -> str:
        line = [sys.executable, "count.py", *words]
        return subprocess.run(line, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert run() == "1 of in/notes\n" and run("else") == "2 of else\n"


@pytest.mark.parametrize(
    "script",
    [
        "import os\nfor n in os.listdir('notes'):\n    print(f'notes/{n}')\n",
        "import os\nos.walk('.')\n",
        "import os\nos.listdir('../notes')\n",
    ],
)
def test_a_folder_that_is_put_together_with_others_stays(script: str) -> None:
    assert with_arguments("a.py", script) == (script, [])


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("import sys\norders = open(sys.argv[1])\nrates = sys.argv[2]\n", ["ORDERS", "RATES"]),
        ("import sys\norders, b = sys.argv[1:3]\n", ["ORDERS", ""]),
        ("p.add_argument('orders')\np.add_argument('--fast')\n", ["ORDERS"]),
        ("const rates = process.argv[2];\n", ["RATES"]),
        ("#!/bin/sh\nrates=$1\n", ["RATES"]),
        ("import sys\nopen(sys.argv[1])\n", []),
    ],
)
def test_a_script_says_itself_what_its_arguments_are(script: str, names: list[str]) -> None:
    assert names_within(script) == names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("orders.csv", "ORDERS_CSV"), ("runs/a.csv", "RUNS_A_CSV"), ("data.csv", "CSV_FILE"),
        ("README.md", "MD_FILE"), ("shop-2025-03-01.dump", "SHOP_DUMP"), ("7.json", "JSON_FILE"),
    ],
)  # fmt: skip
def test_a_file_is_named_after_what_it_is(path: str, name: str) -> None:
    assert file_name(path) == name


def test_whatever_file_a_command_is_given_its_ending_is_seen_before_it_is_read() -> None:
    rng, given = random.Random(3), 0
    pieces = ("run.py", "a.CSV", "'b.json'", "x/y.md", "p.tar.gz", "--out", ".csv", "c.csvx", "|")
    for _ in range(2_000):
        command = rng.choice((" ", "")).join(rng.choices(pieces, k=rng.randrange(1, 6)))
        told = [each for each in generalised(command)[1] if each.what.endswith(" file")]
        assert names_data(command) or not told, command
        given += bool(told)
    assert given > 500
    assert not names_data("python3 run.py 1 2.5 --out=c.csvx")
