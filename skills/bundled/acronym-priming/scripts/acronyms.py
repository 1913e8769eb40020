#!/usr/bin/env python3
"""Draw letter sets at random, and check readings of them. Standard library only.

  acronyms.py draw  [--count 100] [--letters 4] [--seed N] [--alphabet uniform|english]
                    [--distance 2] [--ban FILE] [--text]
  acronyms.py check [--draw FILE] < readings.json

draw prints {"kind", "seed", "params", "draw"}; the same seed and parameters give the same draw.
check reads [{"source", "term", "field"?}, ...] and prints {"ok", "items": [{..., "problems"}]};
it exits with 1 if any reading has a problem.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import string
import sys
from collections.abc import Iterable
from typing import Any, TextIO

MAX_COUNT = 5000
_SMALL = "a an and as at by for from in into of on or per the to via with"
SMALL_WORDS = frozenset(_SMALL.split())
# How often letters begin a word of English text, per thousand (rounded).
ENGLISH = dict(
    a=85, b=50, c=75, d=50, e=35, f=45, g=30, h=45, i=55, j=8, k=8, l=35, m=50, n=30,
    o=50, p=65, q=5, r=40, s=95, t=110, u=20, v=12, w=45, x=2, y=8, z=3,
)  # fmt: skip
# Sets that are read as what they are, and not as an acronym to be found.
_KNOWN = (
    "NASA NATO UNESCO LASER RADAR SONAR HTML HTTP JSON YAML ASCII UTF8 ISBN IEEE ACID CRUD REST "
    "SOAP BIOS RAID CMOS MIDI JPEG MPEG WIFI WLAN ECHO TEST THIS THAT WITH FROM HAVE WHEN WHAT "
    "OVER INTO ONLY YOUR MORE SOME TIME GOOD WORD BOOK FISH TREE CATS DOGS"
)
KNOWN = frozenset(_KNOWN.split())
# Never shown to anybody.
_OFFENSIVE = (
    "ANUS ARSE CLIT COCK COON CRAP CUNT DAGO DICK DYKE FAGS FUCK GOOK HOMO KIKE KKKK "
    "MONG NAZI PAKI PISS POOF PORN RAPE SHIT SLUT SPIC TITS TWAT WANK WHOR"
)
OFFENSIVE = frozenset(_OFFENSIVE.split())


def far_enough(candidate: str, chosen: list[str], distance: int) -> bool:
    """Whether `candidate` differs from each chosen set in at least `distance` places."""
    return all(
        sum(candidate[i] != other[i] for i in range(len(candidate))) >= distance for other in chosen
    )


def draw(
    count: int,
    letters: int,
    seed: int,
    alphabet: str = "uniform",
    distance: int = 2,
    ban: Iterable[str] = (),
) -> dict[str, Any]:
    """`count` sets of `letters` capital letters; fewer if there are not so many that far apart."""
    params = {"count": count, "letters": letters, "alphabet": alphabet, "distance": distance}
    key = json.dumps(params, sort_keys=True)
    rng = random.Random(f"agentdeck/1/acronym/{seed}/{key}")
    pool = string.ascii_uppercase
    weights = [1 if alphabet == "uniform" else ENGLISH[c.lower()] for c in pool]
    refused = KNOWN | OFFENSIVE | {word.upper() for word in ban}
    chosen: list[str] = []
    for _ in range(count * 200):
        if len(chosen) == count:
            break
        candidate = "".join(rng.choices(pool, weights, k=letters))
        if candidate not in refused and far_enough(candidate, chosen, distance):
            chosen.append(candidate)
    return {"kind": "acronym", "seed": seed, "params": params, "draw": chosen}


def initials(term: str, letters: int) -> str:
    """The initials of `term`, small words left out when that is what makes their number right."""
    words = [word for word in re.split(r"[\s/–—-]+", term) if word[:1].isalnum()]
    every = "".join(word[0] for word in words).upper()
    content = "".join(w[0] for w in words if w.lower() not in SMALL_WORDS).upper()
    return every if len(every) == letters else content


def check(items: list[dict[str, Any]], drawn: set[str] | None = None) -> dict[str, Any]:
    """The items, each with a list of what is wrong with it."""
    sources: set[str] = set()
    fields: set[str] = set()
    result: list[dict[str, Any]] = []
    for item in items:
        source = str(item.get("source", "")).upper()
        term = str(item.get("term", "")).strip()
        field = str(item.get("field", "")).strip().lower()
        problems = []
        if not source or not term:
            problems.append("needs a source and a term")
        elif (found := initials(term, len(source))) != source:
            problems.append(f"initials are {found}, not {source}")
        if drawn is not None and source not in drawn:
            problems.append(f"{source} was not drawn")
        if source in sources:
            problems.append(f"{source} is used twice")
        if field and field in fields:
            problems.append(f"a second reading from {field}")
        sources.add(source)
        fields.add(field)
        result.append({**item, "problems": problems})
    return {"ok": not any(item["problems"] for item in result), "items": result}


def read_json(stream: TextIO, name: str) -> Any:
    try:
        return json.load(stream)
    except (ValueError, RecursionError) as error:
        sys.exit(f"{name} is not JSON: {error}")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("draw", help="draw letter sets")
    one.add_argument("--count", type=int, default=100, help="how many sets (100)")
    one.add_argument("--letters", type=int, default=4, help="letters in each, 2 to 8 (4)")
    one.add_argument("--seed", type=int, help="repeat the draw of this seed")
    one.add_argument("--alphabet", choices=("uniform", "english"), default="uniform")
    one.add_argument("--distance", type=int, default=2, help="places in which sets differ (2)")
    one.add_argument("--ban", metavar="FILE", help="sets to leave out, separated by blanks")
    one.add_argument("--text", action="store_true", help="ten sets a line, no JSON")
    two = commands.add_parser("check", help="check readings given as JSON on stdin")
    two.add_argument("--draw", metavar="FILE", help="what `draw` printed")
    parsed = parser.parse_args(argv)
    if parsed.command == "draw":
        if not 1 <= parsed.count <= MAX_COUNT:
            parser.error(f"--count must be 1 to {MAX_COUNT}")
        if not 2 <= parsed.letters <= 8:
            parser.error("--letters must be 2 to 8")
        if not 1 <= parsed.distance <= parsed.letters:
            parser.error("--distance must be 1 to --letters")
    return parsed


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    if options.command == "check":
        drawn = None
        if options.draw:
            with open(options.draw, encoding="utf-8") as stream:
                drawn = set(read_json(stream, options.draw)["draw"])
        result = check(read_json(sys.stdin, "the input"), drawn)
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return 0 if result["ok"] else 1
    ban: list[str] = []
    if options.ban:
        with open(options.ban, encoding="utf-8") as stream:
            ban = stream.read().split()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    result = draw(options.count, options.letters, seed, options.alphabet, options.distance, ban)
    if options.text:
        sets = result["draw"]
        print(f"seed {seed}")
        print("\n".join(" ".join(sets[i : i + 10]) for i in range(0, len(sets), 10)))
    else:
        print(json.dumps(result))
    if len(result["draw"]) < options.count:
        print(f"only {len(result['draw'])} sets are that far apart", file=sys.stderr)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        sys.exit(f"acronyms.py: {error}")
