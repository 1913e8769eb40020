"""arXiv's ids: `2601.03220v1`, before April 2007 `hep-th/9901001v1`.

The number after the month counts up from 1, four digits to December 2014 and five since; in
the old scheme three digits, for each archive by itself. A month's papers are the ids that
begin with it, whenever they were submitted. (arXiv's "Understanding the arXiv identifier".)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sessions.errors import UsageError

_ID = re.compile(r"(?:(?P<archive>[a-z-]{2,12})(?:\.[A-Z]{2})?/)?(?P<number>\d{4}\.\d{4,5}|\d{7})"
                 r"(?:v(?P<version>[1-9]\d{0,2}))?")  # fmt: skip
_CATEGORY = re.compile(r"[a-z][a-z-]{1,11}(?:\.(?:[A-Za-z][A-Za-z-]{1,11}|\*))?")

FIRST_MONTH = (1991, 7)
FIRST_NEW_MONTH = (2007, 4)

# The archives that ids of the old scheme begin with.
OLD_ARCHIVES = (
    *("acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an"),
    *("chao-dyn", "chem-ph", "cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an"),
    *("gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math", "math-ph", "mtrl-th", "nlin"),
    *("nucl-ex", "nucl-th", "patt-sol", "physics", "plasm-ph", "q-alg", "q-bio", "quant-ph"),
    *("solv-int", "supr-con"),
)


def split_id(text: str) -> tuple[str, int] | None:
    """An id without its version, and the version (0: none given); None if it is no id."""
    match = _ID.fullmatch(text.strip())
    if match is None:
        return None
    archive, number, version = match["archive"], match["number"], match["version"]
    if bool(archive) == ("." in number):
        return None
    return (f"{archive}/{number}" if archive else number), int(version or 0)


def ids_in(text: str) -> list[str]:
    """The ids that a text mentions, in order, each once, with the version where it is given."""
    pattern = r"(?<![\w./])(?:[a-z-]{2,12}(?:\.[A-Z]{2})?/\d{7}|\d{4}\.\d{4,5})(?:v\d{1,3})?(?!\d)"
    return list(dict.fromkeys(re.findall(pattern, text)))


@dataclass(frozen=True, slots=True)
class Month:
    """A month of ids."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def prefix(self) -> str:
        """YYMM."""
        return f"{self.year % 100:02d}{self.month:02d}"

    @property
    def old(self) -> bool:
        """Whether its ids carry an archive."""
        return (self.year, self.month) < FIRST_NEW_MONTH

    def owns(self, base: str) -> bool:
        """Whether an id (without version) is of this month."""
        return base.rpartition("/")[2].startswith(self.prefix) and ("/" in base) == self.old

    def before(self, months: int = 1) -> Month:
        """The month so many months earlier."""
        count = self.year * 12 + self.month - 1 - months
        return Month(count // 12, count % 12 + 1)


def of_month(paper: str, month: str) -> bool:
    """Whether a paper's id is of a month, `YYYY-MM`."""
    parts, wanted = split_id(paper), re.fullmatch(r"(\d{4})-(\d{2})", month)
    if parts is None or wanted is None:
        return False
    return Month(int(wanted[1]), int(wanted[2])).owns(parts[0])


def read_month(text: str, today: date | None = None) -> Month:
    """`YYYY-MM`, or the last complete month for an empty text.

    Raises:
        UsageError: it is no month, or one that arXiv has no papers of.
    """
    today = today or datetime.now(UTC).date()
    now = Month(today.year, today.month)
    if not text:
        return now.before()
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if match is None or not 1 <= int(match[2]) <= 12:
        raise UsageError(f"{text[:40]!r} is not a month.", "Write YYYY-MM, e.g. 2026-01.")
    month = Month(int(match[1]), int(match[2]))
    if (month.year, month.month) < FIRST_MONTH:
        raise UsageError(
            f"arXiv began in July 1991; {month} is before that.", "Choose a later one."
        )
    if (month.year, month.month) > (now.year, now.month):
        raise UsageError(
            f"{month} has not come yet.", f"The last complete month is {now.before()}."
        )
    return month


def read_category(text: str) -> str:
    """A category such as `cs.AI`, `hep-th` or `math.*`. Raises UsageError if it can't be one."""
    if text and not _CATEGORY.fullmatch(text):
        raise UsageError(
            f"{text[:40]!r} is no category of arXiv.", "Write for example cs.AI or hep-th."
        )
    return text


def bound(month: Month) -> int:
    """A number that no id of the month goes beyond; the surplus costs requests, not fairness.

    Sizes: 8,871 papers in 2014-10; an id 2609.35770 was seen in 2026-09.
    """
    if month.old:
        return 999 * len(OLD_ARCHIVES)
    if month.year < 2015:
        return 9_999
    if month.year < 2020:
        return 20_000
    if month.year < 2023:
        return 25_000
    if month.year < 2025:
        return 35_000
    return 60_000


def nth_ids(month: Month, numbers: Iterable[int]) -> list[str]:
    """The ids (without version) of numbers from 1 to `bound(month)`."""
    prefix = month.prefix
    if month.old:
        return [f"{OLD_ARCHIVES[(n - 1) // 999]}/{prefix}{(n - 1) % 999 + 1:03d}" for n in numbers]
    digits = 4 if month.year < 2015 else 5
    return [f"{prefix}.{n:0{digits}d}" for n in numbers]
