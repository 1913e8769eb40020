"""Ids sort by time, also those of one moment."""

from __future__ import annotations

import time

import pytest

from sessions import ids


def test_of_two_ids_the_later_one_sorts_behind() -> None:
    made = [ids.new_id() for _ in range(2000)]
    assert made == sorted(made)
    assert all(ids.is_id(made_one) for made_one in made)


def test_a_clock_that_is_set_back_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    ids.new_id()
    hour = 3600 * 10**9
    now = time.time_ns() - hour
    monkeypatch.setattr(time, "time_ns", lambda: now)
    first, second = ids.new_id(), ids.new_id()
    assert first < second
    monkeypatch.undo()
    assert second < ids.new_id()
