"""What commands print."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sessions.cli.output import say_json


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        [{"a": "é\x9b\n", "b": [], "c": {}, "d": None, "e": [1, 2.5, True]}],
        "x",
        "a lone \ud800 surrogate",
        [2**70],
    ],
)
def test_json_is_what_json_writes(data: object, capsys: pytest.CaptureFixture[str]) -> None:
    say_json(data)
    assert capsys.readouterr().out == json.dumps(data, indent=1) + "\n"


def test_a_number_that_json_does_not_know_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    say_json(["é", float("nan")])
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == ["é", None]


def test_a_list_loads_no_loop_and_no_engine() -> None:
    code = (
        "import sys, sessions.cli.sessions\n"
        "sys.exit(bool({'asyncio', 'msgspec', 'platformdirs'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
