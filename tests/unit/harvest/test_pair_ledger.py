"""What paired runs of a skill came to, with its interval, and what few pairs say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.harvest.pair_ledger import PairLedger, SkillPairs
from tests.support.rig import rig_places


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"),
    [
        (5, 0, "too few to tell (5 of 6 decided pairs)"),
        (6, 0, "it helps"),
        (0, 7, "it HARMS"),
        (4, 4, "no difference that shows"),
    ],
)
def test_an_interval_says_whether_a_skill_helps(wins: int, losses: int, verdict: str) -> None:
    assert verdict in SkillPairs(wins, 0, losses).says


def test_pairs_are_kept_over_runs_and_broken_lines_passed_over(tmp_path: Path) -> None:
    ledger = PairLedger(rig_places(tmp_path))
    assert ledger.says("total") == "" and ledger.skills() == {}
    for outcome, tokens in (("win", [120, 100]), ("loss", [100, 100]), ("tie", [80, 100])):
        ledger.add([{"skill": "total", "outcome": outcome, "tokens": tokens}])
    with ledger.path.open("ab") as file:
        file.write(b'{"skill": "total"}\n[1]\n{"torn')
    found = PairLedger(rig_places(tmp_path)).skills()["total"]
    assert (found.wins, found.ties, found.losses) == (1, 1, 1)
    assert found.says.startswith("with it preferred in 1 of 2 (9 to 91 %), 1 alike")
    assert found.says.endswith("+0 % tokens")
