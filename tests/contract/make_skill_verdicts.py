"""SKILL.md texts and what the reference validator (`skills-ref` 0.1.1) says of each.

    PYTHON_WITH_SKILLS_REF tests/contract/make_skill_verdicts.py SEED COUNT > skill_verdicts.json

Needs that package and nothing of ours: it is run with an interpreter of its own. Each case is
`[folder, text, verdict]`; verdict: "valid", "invalid", or "flow" where it refuses the flow style.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

LINES = [
    "name: {n}", "'name': {n}", "name : {n}", "name:{n}", "name: '{n} '", "name: |\n  {n}",
    "description: does it", "description: Use when: x", "description: 'a b'",
    'description: "a\\tb"', 'description: "a\\qb"', 'description: "\\/"',
    'description: "\\ud83d\\ude00"', "description: >\n  folded\n  text",
    "description: |-\n  lit: x\n   more", "description: a\n  b\n  c",
    "description:\n  several lines\n  of text", "description: a # comment", "description: @x",
    "description: `x`", "description: %x", "description: a: b", "description: a:b",
    "description: http://x", "description: -", "description: - a", "description: ? x",
    "description: 'unclosed", 'description: "unclosed', "description:\tx", "description: x\t# y",
    "description: x\ty", "description: 漢字 ü", "description: \u200bx", "description: \x07x",
    "description: \x85x", "description: \u2028x", "description: a --- b", "description: [ a",
    "description: a, b", "description: 'a' b", "description: !", "description: &",
    "description: *", "description: |x", "description: a:", "description: #a",
    "description: a\n\n  b", "description: a\n#c\n b", "description: 'a\n\n  b'",
    "description: " + "x" * 1025, "description: " + "é" * 1024, "description:",
    "# comment", "metadata:\n  a: b\n  c: 1.0", "metadata:\n  a:\n    b: c\n  d:\n      e: f",
    "metadata:\n- a\n- b", "metadata:", "metadata:\n  a: [1, 2]", "metadata: {a: b}",
    "metadata:\n  a: b\n c: d", "metadata:\n  <<: x\n  a: b", "allowed-tools:\n  - Read\n  - Bash",
    "allowed-tools: Bash(git:*) Read", "allowed-tools: [Read]", "license: MIT",
    "license: 'it''s'", "license: &a MIT", "license: *a", "license: !x MIT", "license: ~",
    "license: yes", "license: 2026-01-01", "license: {}", "compatibility: x", "compatibility: ''",
    "compatibility:\n  a: b", "compatibility: " + "c" * 501, "version: 1", "...", "<<: x",
    "license:\u2028 x", "license\x85: x", "metadata:\n  a:\u2029 c\n  b: d", "\u2028",
    "description: a\n\u2028  b", "\ufefflicense: x", "license: a\u2028b", "# c\n\x85# d",
    "1: 2", "? complex", "\tdescription: x", "  indented: x",
]  # fmt: skip
NAMES = ["demo", "demo-two", "a", "Demo", "-a", "a-", "a--b", "a_b", "naïve", "ﬁx", "ａb", "技能",
         "a b", "x" * 64, "x" * 65, "ß", "a.b", "1", "e\u0301"]  # fmt: skip
HEADS = ["---\n"] * 12 + ["--- \n", "----\n", " ---\n", "\n---\n", "---", "--- #c\n"]
TAILS = ["\n---\n"] * 12 + ["\n---", "\n ---\n", "\n--- x\n", "\n", "\n----\n", "\n...\n", "---\n"]


def cases(seed: int, count: int) -> list[tuple[str, str]]:
    """`count` pairs of a folder's name and a text."""
    rng = random.Random(seed)
    found: list[tuple[str, str]] = []
    for _ in range(count):
        name = rng.choice(NAMES) if rng.random() < 0.4 else "demo"
        folder = name if rng.random() < 0.85 else rng.choice(NAMES)
        lines = rng.sample(LINES, rng.choice([0, 1, 1, 2, 3]))
        keys = {line.split(":")[0].strip("' ") for line in lines}
        usual = (("name", "name: {n}"), ("description", "description: does it"))
        for key, line in usual:
            if key not in keys and rng.random() < 0.9:
                lines.insert(rng.randrange(len(lines) + 1), line)
        front = "\n".join(lines).replace("{n}", name)
        text = rng.choice(HEADS) + front + rng.choice(TAILS) + "\n# Body\n---\nmore\n"
        found.append((folder, text.replace("\n", rng.choice(["\n", "\n", "\r\n"]))))
    return found


def verdict(folder: str, text: str) -> str:
    """What the reference says."""
    from skills_ref import validate  # type: ignore[import-not-found]

    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / folder
        place.mkdir()
        (place / "SKILL.md").write_bytes(text.encode())
        try:
            errors = validate(place)
        except Exception as error:  # a control character, for one, makes it crash
            errors = [repr(error)]
    if errors and "JSONesque" in errors[0]:
        return "flow"
    return "invalid" if errors else "valid"


if __name__ == "__main__":
    wanted = cases(int(sys.argv[1]), int(sys.argv[2]))
    json.dump([[f, t, verdict(f, t)] for f, t in wanted], sys.stdout, indent=0)
