"""What was asked for and corrected is said as a careful person would write it down."""

from __future__ import annotations

import pytest

from sessions.harvest.language import CORRECTION
from sessions.harvest.rules import as_rules
from sessions.harvest.user_requests import purpose, skill_words


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Rename the photos in pictures/2024 by the day they were taken", "rename-photos-by-day"),
        ("Make all photos in photos/ small enough for the web", "make-photos-small-for-web"),
        ("Please split the function load() in src/a.py; it is too long", "split-function"),
        ("Back up the database of the shop to the disk and check it", "back-up-shop-database"),
        ("How many hours did each of us work?", "count-hours"),
        ("The tests of the parser fail since today, please mend them", "mend-parser-tests"),
        ("Give me ten names for a bakery that opens at night", "find-names-for-bakery"),
        ("Could you please convert every heic in ~/Pictures to jpg?", "convert-heic-to-jpg"),
        ("Write a small script that counts the words, and run it", "count-words"),
        ("Why is the build slow?", "explain-build-slow"),
        ("Summarise minutes.md", "summarise-minutes"),
        ("Upgrade nginx on HOST without downtime", "upgrade-nginx-without-downtime"),
        ("What could go wrong if we moved to Mondays?", "find-what-could-go-wrong"),
        ("Fix it", ""),
        ("go on", ""),
        ("", ""),
        ("A regular expression for dates", ""),
    ],
)
def test_a_name_says_what_is_done_and_to_what(asked: str, name: str) -> None:
    assert "-".join(skill_words(asked)) == name


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Plot the monthly rain in rain.csv for me", "plot the monthly rain in a CSV file"),
        ("Check all links of README.md, please", "check all links of a Markdown file"),
        ("Write a letter to my landlord PERSON", "write a letter to their landlord"),
        ("Upgrade nginx on HOST", "upgrade nginx on a host"),
        ("Sort the photos in pictures/2024", "sort the photos in a folder"),
        ("The tests of the parser fail, please mend them", "mend the tests of the parser"),
        ("How many hours did we work?", ""),
        ("What could go wrong?", ""),
    ],
)
def test_what_a_skill_is_for_names_no_place_of_one_session(asked: str, told: str) -> None:
    assert purpose(asked) == told


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ("No, keep the name, and never touch files without a date",
         ["Keep the name.", "Never touch files without a date."]),
        ("Too long. At most five lines, please",
         ["Not too long.", "At most five lines."]),
        ("You forgot who does what by when", ["Don't forget who does what by when."]),
        ("Instead of 'Dear all' begin with the date, and we say 'plot'",
         ["Instead of 'Dear all' begin with the date.", "Say 'plot'."]),
        ("That's not what I meant: the date of the market", ["The date of the market."]),
        ("we always do staging first", ["Always do staging first."]),
        ("I'd rather have functions than a class", ["Prefer functions to a class."]),
        ("read the file that I name", ["Read the file that the user names."]),
        ("Never shorten: every word of mine stays",
         ["Never shorten: every word of the user's stays."]),
        ("No puns, and no animals", ["No puns, and no animals."]),
        ("Stop at the first broken one", ["Stop at the first broken one."]),
        ("shorter", ["Make it shorter."]),
        ("still broken", []),
        ("No!", []),
    ],
)  # fmt: skip
def test_a_correction_is_said_as_rules(said: str, rules: list[str]) -> None:
    assert as_rules(said) == rules


@pytest.mark.parametrize(
    ("said", "corrects"),
    [
        ("Too long. At most five lines", True),
        ("we always do staging first", True),
        ("I'd rather have functions than a class", True),
        ("Use the median instead of the mean", True),
        ("They should be at most 300 KB", True),
        ("Check it, and never overwrite an older one", True),
        ("Now the same for March", False),
        ("Use the other file next", False),
        ("That is good, go on", False),
        ("What is too long?", False),
    ],
)
def test_a_correction_is_known_by_its_words(said: str, corrects: bool) -> None:
    assert bool(CORRECTION.search(said)) is corrects
