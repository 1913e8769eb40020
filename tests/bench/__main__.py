"""The benchmark: one run, one table, each figure beside its anchor.

    python -m tests.bench [NAME…] [--quick] [--json FILE] [--markdown] [--doc] [--from FILE]

Every module of this folder with a function `figures(quick)` is a part, run in a process of its
own; `measure()` of those that have only that is shown as it is. The figures are those of the
machine they ran on: compare ratios, and run nothing else meanwhile. A part that fails says so,
and the others go on.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import json
import os
import pkgutil
import sys
import sysconfig
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tests.bench
from tests.bench.harness import part
from tests.bench.harness.figure import Figure, number
from tests.bench.harness.table import into, machine, markdown, plain

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results"
DOC = ROOT / "docs" / "performance.md"
FIRST = ("before", "live", "start", "tiles", "engine", "journal", "archive")


def parts(wanted: list[str]) -> list[str]:
    """The names of the parts, those a user feels first."""
    there = sorted(m.name for m in pkgutil.iter_modules(tests.bench.__path__) if not m.ispkg)
    there = [name for name in there if name not in ("__main__", "profile")]
    if unknown := [name for name in wanted if name not in there]:
        sys.exit(f"There is no part {', '.join(unknown)}. There are: {', '.join(there)}.")
    names = [*(n for n in FIRST if n in there), *(n for n in there if n not in FIRST)]
    return [name for name in names if not wanted or name in wanted]


def compile_all() -> None:
    """Bytecode of all that is measured, even where the environment forbids it.

    A process that compiles what it imports holds up to 6 MB more afterwards, and starts later.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    packages = [ROOT / name for name in ("sessions", "skills", "tui", "tests")]
    for folder in (*packages, Path(sysconfig.get_path("purelib"))):
        compileall.compile_dir(folder, quiet=2)


def title_of(doc: str) -> str:
    """The first paragraph of what a part says it is."""
    return " ".join(doc.strip().split("\n\n")[0].split()).rstrip(".")


def run(names: list[str], quick: bool) -> dict[str, Any]:
    """Run the parts; print each table when it is there; all that was found."""
    began = time.perf_counter()
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": machine(),
        "parts": {},
    }
    print("on " + ", ".join(f"{k} {v}" for k, v in found["machine"].items()), flush=True)
    for name in names:
        source = (Path(__file__).parent / f"{name}.py").read_text("utf-8")
        title = title_of(ast.get_docstring(ast.parse(source)) or name)
        figures = []
        for figure in part.run(name, quick):
            figures.append(figure)
            print(f"  … {name}: {said(figure)}", file=sys.stderr, flush=True)
        print(plain(title, figures), flush=True)
        found["parts"][title] = [figure.to_json() for figure in figures]
    found["seconds"] = round(time.perf_counter() - began, 1)
    return found


def said(figure: Figure) -> str:
    """A figure in a line, as it comes: a run that is ended before its table has said it."""
    what = figure.failed or f"{number(figure.median)} {figure.unit}"
    beside = f" ({figure.anchor}: {number(figure.anchored)})" if figure.anchor_runs else ""
    return f"{figure.name}: {what}{beside} {figure.verdict}".rstrip()


def told(found: dict[str, Any]) -> str:
    """The documentation's table."""
    tables = {
        title: [Figure.from_json(data) for data in figures]
        for title, figures in found["parts"].items()
    }
    return markdown(tables, found["machine"], found["at"])


def summary(found: dict[str, Any]) -> str:
    """How many figures are met."""
    verdicts = [f["verdict"] for figures in found["parts"].values() for f in figures]
    met, failed = verdicts.count("met"), verdicts.count("failed")
    promised = sum(bool(v) for v in verdicts)
    return (
        f"{met} of {promised} promised figures met, {promised - met - failed} missed, "
        f"{failed} failed, in {found['seconds']:.0f} s"
    )


def latest() -> Path:
    """The newest results."""
    files = sorted(RESULTS.glob("*.json"))
    if not files:
        sys.exit("There are no results yet: run `python -m tests.bench`.")
    return files[-1]


def keep(found: dict[str, Any], path: Path | None) -> Path:
    """Write the results' file; its path."""
    if path is None:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{found['at'][:19].replace(':', '')}.json"
    path.write_text(json.dumps(found, indent=1), "utf-8")
    return path


def main() -> None:
    """As the module says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts; by default all")
    parser.add_argument("--quick", action="store_true", help="short: figures of little weight")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the results go")
    parser.add_argument("--from", dest="source", type=Path, nargs="?", const=Path(), metavar="FILE",
                        help="run nothing: take these results, by default the newest")  # fmt: skip
    parser.add_argument("--markdown", action="store_true", help="print the documentation's table")
    parser.add_argument("--doc", action="store_true", help="put it into docs/performance.md")
    given = parser.parse_args()
    part.clean_end()
    os.chdir(ROOT)
    os.environ["PYTHONPATH"] = str(ROOT)
    if given.source is not None:
        path = given.source if given.source != Path() else latest()
        found = json.loads(path.read_text("utf-8"))
    else:
        names = parts(given.names)
        compile_all()
        found = run(names, given.quick)
        print(f"\n{summary(found)}\nresults: {keep(found, given.json)}", flush=True)
    if given.markdown:
        print(told(found))
    if given.doc:
        into(DOC, told(found))


if __name__ == "__main__":
    main()
