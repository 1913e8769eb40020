#!/usr/bin/env python3
"""Draw random papers from one month of arXiv. Standard library only.

  arxiv_draw.py [--month YYYY-MM] [--category CAT] [--n 10] [--seed N] [--feed FILE]

Prints {"kind", "seed", "params", "draw": [{"id", "title", "authors", "abstract",
"primary_category", "categories", "published"}], "source"}. The draw is uniform over the month's
papers: random identifiers are asked for in one request, those that do not exist drop out, and the
first n of the draw's own order are kept. First versions are fetched, so a seed keeps its papers.

Etiquette: one request at a time and three seconds between requests, over all runs on this machine;
answers are cached for a day; a rate limit is respected and reported. Metadata on arXiv is CC0.
Exit codes: 0 done; 1 arXiv could not answer or nothing was drawn; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import random
import re
import sys
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

URL = "https://export.arxiv.org/api/query"
AGENT = "agentdeck-arxiv-priming/1.0 (one request per draw)"
INTERVAL_S = 3.0
COOLDOWN_S = 60.0
TIMEOUT_S = 30.0
MAX_BYTES = 5 * 1024 * 1024
DAY_S = 86400.0
ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"
# Identifiers to draw from, safely above the largest of any month in these years.
UPPER = ((2007, 4, 9999), (2015, 1, 20000), (2020, 1, 25000), (2023, 1, 35000), (2025, 1, 60000))
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


class Failure(Exception):
    """Says what went wrong and what to do."""


def upper(year: int, month: int) -> int:
    bound = 0
    for since_year, since_month, value in UPPER:
        if (year, month) >= (since_year, since_month):
            bound = value
    if not bound:
        raise Failure("Identifiers of that form begin in April 2007; choose a later month.")
    return bound


def identifiers(year: int, month: int, count: int, seed: int, category: str) -> list[str]:
    """`count` distinct identifiers of first versions, in the order of the draw."""
    bound = upper(year, month)
    width = 4 if year < 2015 else 5
    what = {"bound": bound, "category": category, "month": f"{year:04d}-{month:02d}"}
    key = json.dumps(what, sort_keys=True)
    rng = random.Random(f"agentdeck/1/arxiv/{seed}/{key}")
    numbers = rng.sample(range(1, bound + 1), count)
    return [f"{year % 100:02d}{month:02d}.{number:0{width}d}v1" for number in numbers]


def folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "agentdeck-arxiv-priming"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def turn(path: Path) -> Iterator[list[float]]:
    """Hold this machine's only connection; wait until the interval since the last has passed."""
    with (path / "last-request").open("a+", encoding="ascii") as held:
        with contextlib.suppress(ImportError):
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)
        held.seek(0)
        try:
            wait = float(held.read() or 0) - time.time()
        except ValueError:
            wait = 0.0
        if wait > INTERVAL_S:
            raise Failure(f"arXiv asked for a pause; try again in {wait + 1:.0f} s.")
        if wait > 0:
            time.sleep(wait)
        pause = [INTERVAL_S]
        try:
            yield pause
        finally:
            held.seek(0)
            held.truncate()
            held.write(f"{time.time() + pause[0]:f}")


def fetch(url: str) -> tuple[bytes, str]:
    """The answer's bytes and where they came from: `arxiv` or `cache`."""
    path = folder()
    kept = path / (hashlib.sha256(url.encode()).hexdigest() + ".xml")
    if kept.exists() and time.time() - kept.stat().st_mtime < DAY_S:
        return kept.read_bytes(), "cache"
    status = 0
    for attempt in range(3):
        with turn(path) as pause:
            data, status = ask(url)
            if status == 429 or data[:200].strip().lower().startswith(b"rate exceeded"):
                pause[0] = COOLDOWN_S
                raise Failure(f"arXiv limits the rate; try again in {COOLDOWN_S:.0f} s.")
            if data.lstrip()[:1] == b"<" and (b"<feed" in data[:2000]):
                entries(data)  # raises what arXiv says is wrong with the request
                part = kept.with_suffix(".part")
                part.write_bytes(data)
                part.replace(kept)
                return data, "arxiv"
            if 400 <= status < 500 and status != 406:
                break
            pause[0] = INTERVAL_S * (attempt + 1)
    raise Failure(f"arXiv did not answer (status {status}); try again later, or use --feed.")


def ask(url: str) -> tuple[bytes, int]:
    headers = {"User-Agent": AGENT, "Accept": "application/atom+xml, text/xml, */*"}
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return answer.read(MAX_BYTES + 1), answer.status
    except urllib.error.HTTPError as error:
        return error.read(MAX_BYTES + 1), error.code
    except (OSError, ValueError) as error:
        raise Failure(f"arXiv can't be reached: {error}. Offline, use --feed FILE.") from error


def clean(text: str | None) -> str:
    """Without what is not seen, with every run of blanks as one space."""
    return " ".join(UNSEEN.sub("", unicodedata.normalize("NFC", text or "")).split())


def entries(data: bytes) -> dict[str, dict[str, Any]]:
    """The papers in an Atom feed, by identifier with version."""
    if len(data) > MAX_BYTES:
        raise Failure("The answer is longer than 5 MiB.")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Failure("The answer declares entities; it is not read.")
    try:
        feed = ET.fromstring(data)
    except ET.ParseError as error:
        raise Failure(f"The answer is no XML: {error}.") from error
    papers = {}
    for entry in feed.iter(ATOM + "entry"):
        address = entry.findtext(ATOM + "id") or ""
        if "/api/errors" in address:
            said = clean(entry.findtext(ATOM + "summary"))
            raise Failure(f"arXiv refuses the request: {said}")
        identifier = address.rsplit("/abs/", 1)[-1]
        primary = entry.find(ARXIV + "primary_category")
        terms = [c.get("term", "") for c in entry.iter(ATOM + "category")]
        papers[identifier] = {
            "id": identifier,
            "title": clean(entry.findtext(ATOM + "title")),
            "authors": [clean(a.findtext(ATOM + "name")) for a in entry.iter(ATOM + "author")],
            "abstract": clean(entry.findtext(ATOM + "summary")),
            "primary_category": (primary.get("term", "") if primary is not None else ""),
            "categories": terms,
            "published": entry.findtext(ATOM + "published") or "",
        }
    return papers


def usable(paper: dict[str, Any]) -> bool:
    """Neither withdrawn nor too short to say anything."""
    text = paper["abstract"]
    return len(text) >= 200 and "withdrawn" not in text.lower()[:200]


def last_month() -> str:
    first = datetime.date.today().replace(day=1)
    return (first - datetime.timedelta(days=1)).strftime("%Y-%m")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--month", default=last_month(), help="YYYY-MM (the last complete one)")
    parser.add_argument("--category", default="", help="such as cs.AI; also cross-listed papers")
    parser.add_argument("--n", type=int, default=10, help="how many papers, 1 to 50 (10)")
    parser.add_argument("--seed", type=int, help="repeat the draw of this seed")
    parser.add_argument("--feed", metavar="FILE", help="draw from a saved Atom feed, offline")
    parser.add_argument("--url", default=URL, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    match = re.match(r"(\d{4})-(0[1-9]|1[0-2])\Z", options.month)
    if not match:
        parser.error("--month must be YYYY-MM")
    if not 1 <= options.n <= 50:
        parser.error("--n must be 1 to 50")
    if options.category and not re.match(r"[a-z-]+(\.[A-Za-z*-]+)?\Z", options.category):
        parser.error("--category must look like cs.AI")
    options.year, options.month_number = int(match.group(1)), int(match.group(2))
    return options


def draw(options: argparse.Namespace, seed: int) -> tuple[list[dict[str, Any]], str]:
    """The papers in the draw's order, and where they came from."""
    if options.feed:
        with open(options.feed, "rb") as stream:
            papers = entries(stream.read(MAX_BYTES + 1))
        order = sorted(papers)
        random.Random(f"agentdeck/1/arxiv-feed/{seed}").shuffle(order)
        return [papers[i] for i in order if usable(papers[i])][: options.n], "file"
    # At two thirds of the numbers in use, six tries a paper leave nothing to chance; a category
    # thins them out. arXiv takes about 150 identifiers in one request.
    count = 150 if options.category else min(150, max(30, options.n * 6))
    wanted = identifiers(options.year, options.month_number, count, seed, options.category)
    query = {"id_list": ",".join(wanted), "max_results": str(count)}
    if options.category:
        query["search_query"] = "cat:" + options.category
    data, source = fetch(options.url + "?" + urllib.parse.urlencode(query))
    papers = entries(data)
    found = [papers[i] for i in wanted if i in papers and usable(papers[i])]
    return found[: options.n], source


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    papers, source = draw(options, seed)
    params = {"month": options.month, "category": options.category, "n": options.n}
    result = {"kind": "arxiv", "seed": seed, "params": params, "draw": papers, "source": source}
    print(json.dumps(result, indent=1))
    if len(papers) < options.n:
        said = f"only {len(papers)} of {options.n} papers came; another seed gives others"
        print(said, file=sys.stderr)
    return 0 if papers else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, OSError) as error:
        print(f"arxiv_draw.py: {error}", file=sys.stderr)
        sys.exit(1)
