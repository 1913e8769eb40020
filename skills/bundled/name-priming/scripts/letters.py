#!/usr/bin/env python3
"""Draw letters in random order, and check names found for them. Standard library only.

  letters.py draw  [--letters 26] [--alphabet ABC...] [--seed N] [--text]
  letters.py check [--ban FILE] < people.json

draw prints {"kind", "seed", "params", "draw"}; the same seed and parameters give the same order.
check reads [{"letter", "person", "concept", "field"?, "handle"?}, ...] and prints
{"ok", "missing", "coverage", "items": [{..., "problems"}]}; it exits with 1 if there is a problem.
--ban: a file with the names (one a line) or the JSON of an earlier pass.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

NOBODY = frozenset(("", "-", "–", "—", "?", "none", "nobody", "unknown"))


def plain(text: str) -> str:
    """Letters without their accents, in lower case."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().strip()


def draw(letters: int, alphabet: str, seed: int) -> dict[str, Any]:
    """`letters` of `alphabet`, none twice, in random order."""
    params = {"letters": letters, "alphabet": alphabet}
    key = json.dumps(params, sort_keys=True)
    order = list(alphabet)
    random.Random(f"agentdeck/1/names/{seed}/{key}").shuffle(order)
    return {"kind": "names", "seed": seed, "params": params, "draw": order[:letters]}


def check(items: list[dict[str, Any]], banned: Iterable[str] = ()) -> dict[str, Any]:
    """The items, each with what is wrong with it, and which letters are covered."""
    used: set[str] = set()
    fields: set[str] = set()
    result: list[dict[str, Any]] = []
    covered: list[str] = []
    banned = {plain(name) for name in banned}
    for item in items:
        letter = plain(str(item.get("letter", "")))
        person = plain(str(item.get("person", "")))
        field = plain(str(item.get("field", "")))
        problems = []
        if not str(item.get("concept", "")).strip():
            problems.append("no concept")
        if person not in NOBODY:
            parts = person.replace("-", " ").split()
            if letter and not any(part.startswith(letter) for part in (parts[0], parts[-1])):
                problems.append(f"neither name begins with {letter.upper()}")
            if person in used:
                problems.append("named twice")
            if person in banned:
                problems.append("was in an earlier list")
            used.add(person)
        if field and field in fields:
            problems.append(f"a second line from {field}")
        fields.add(field)
        if letter:
            covered.append(letter.upper())
        result.append({**item, "problems": problems})
    return {
        "ok": not any(item["problems"] for item in result),
        "coverage": "".join("█" if c in covered else "·" for c in string.ascii_uppercase),
        "missing": [c for c in string.ascii_uppercase if c not in covered],
        "items": result,
    }


def names_in(path: str) -> list[str]:
    """The names in a file: lines, or the JSON of an earlier list."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    try:
        data = json.loads(text)
    except ValueError:
        return text.splitlines()
    items = data.get("items", []) if isinstance(data, dict) else data
    return [str(item.get("person", "")) for item in items if isinstance(item, dict)]


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("draw", help="draw letters")
    one.add_argument("--letters", type=int, help="how many (all)")
    one.add_argument("--alphabet", default=string.ascii_uppercase, help="which (A to Z)")
    one.add_argument("--seed", type=int, help="repeat the draw of this seed")
    one.add_argument("--text", action="store_true", help="one line of letters, no JSON")
    two = commands.add_parser("check", help="check people given as JSON on stdin")
    two.add_argument("--ban", metavar="FILE", help="names that must not come back")
    parsed = parser.parse_args(argv)
    if parsed.command == "draw":
        parsed.alphabet = "".join(dict.fromkeys(parsed.alphabet.upper()))
        parsed.letters = parsed.letters or len(parsed.alphabet)
        if not 1 <= parsed.letters <= len(parsed.alphabet):
            parser.error(f"--letters must be 1 to {len(parsed.alphabet)}")
    return parsed


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    if options.command == "draw":
        seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
        result = draw(options.letters, options.alphabet, seed)
        line = f"seed {seed}: {' '.join(result['draw'])}"
        print(line if options.text else json.dumps(result))
        return 0
    try:
        items = json.load(sys.stdin)
    except (ValueError, RecursionError) as error:
        sys.exit(f"the input is not JSON: {error}")
    result = check(items, names_in(options.ban) if options.ban else ())
    print(json.dumps(result, indent=1, ensure_ascii=False))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        sys.exit(f"letters.py: {error}")
