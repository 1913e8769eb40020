"""What is known of a model: figures that ship with agentdeck, and those of one's own runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

from sessions.paths import private_folder
from sessions.priming.evidence.arms import ARMS
from sessions.priming.evidence.questions import data_file
from sessions.priming.evidence.summary import EvidenceRun, difference, sign
from sessions.priming.model import JSON
from skills import private_files

_LIMIT = 1024 * 1024


def own_folder(data: Path) -> Path:
    """Where one's own runs are: answers and figures."""
    return data / "priming" / "evidence"


def file_name(model: str) -> str:
    """A model's name as a file's."""
    return re.sub(r"[^\w.-]+", "-", model)[:80].strip("-.") or "model"


def keep(data: Path, summary: EvidenceRun) -> None:
    """Keep the figures of one's own run; a later run of that model and seed takes their place."""
    name = f"{file_name(summary['model'])}-{summary['seed']}.json"
    folder = private_folder(own_folder(data))
    private_files.write(folder / name, json.dumps(summary, indent=1) + "\n")


@cache
def measured() -> tuple[EvidenceRun, ...]:
    """The runs that ship; the first of a model is what is shown, further ones repeat it."""
    return tuple(json.loads(data_file("measured.json"))["runs"])


def runs_of(model: str, data: Path | None = None) -> list[EvidenceRun]:
    """The runs that tell of a model: one's own, the largest and latest first, then what ships."""
    own = [run for run in _own(data) if run.get("model") == model] if data else []
    own.sort(key=lambda run: (run.get("samples", 0), str(run.get("at", ""))), reverse=True)
    return [*own, *(run for run in measured() if run["model"] == model)]


def _own(data: Path) -> Iterator[EvidenceRun]:
    for path in sorted(own_folder(data).glob("*.json")):
        try:
            if path.stat().st_size <= _LIMIT:
                run = json.loads(path.read_bytes())
                if isinstance(run, dict) and isinstance(run.get("arms"), dict):
                    yield cast("EvidenceRun", run)
        except (OSError, ValueError, RecursionError):
            continue


def says(model: str, kind: str, params: JSON, data: Path | None = None) -> str:
    """What was measured of a kind on a model, in a sentence; or that nothing was."""
    arm = next(
        (
            a.name
            for a in ARMS.values()
            if a.kind == kind and dict(a.params).get("who", "known") == params.get("who", "known")
        ),
        "",
    )
    for run in runs_of(model, data):
        try:
            own, fit = (run["arms"][arm][name]["sham"] for name in ("own", "fitness"))
            verdict = {1: "more spread", -1: "less spread", 0: "no difference of spread"}[sign(own)]
            fitness = {1: "fitter", -1: "less fit", 0: "as fit"}[sign(fit)]
            return (
                f"measured on {model}, beside a sham block: {verdict}, {difference(own)}; "
                f"{fitness}, {difference(fit)}"
            )
        except (KeyError, TypeError, IndexError):  # a run of other arms, or one that is broken
            continue
    return f"not measured on {'this model' if model in ('', 'default') else model}"
