"""What a review says of a draft: its text with receipts, changes, checks and findings."""

from __future__ import annotations

from textual.content import Content

from sessions.api.harvest import CheckFinding, DraftChecked, DraftRound, DraftShown
from tui.words.text import clean, one_line

_MARKS = {True: "ok ", False: "NOT", None: "?  "}
_FINDINGS = 3


def skill_content(draft: DraftShown) -> Content:
    """SKILL.md, each line with the turn it came from, or marked as the model's own."""
    head = draft["skill_md"].split("\n---\n", 1)[0] + "\n---\n\n"
    parts: list[tuple[str, str]] = [(clean(head), "$text-muted")]
    for line in draft["lines"]:
        text, receipt = line["text"], line["receipt"]
        heading = text.startswith("#")
        parts.append((clean(text), "bold $text-primary" if heading else ""))
        if receipt == "model":
            parts.append(("  ← the model's own", "$text-warning"))
        elif receipt in draft["receipts"] and (origin := draft["receipts"][receipt].get("from")):
            parts.append((f"  ← turn {origin.get('turn')}", "$text-accent"))
        parts.append(("\n", ""))
    return Content.assemble(*parts)


def round_content(told: DraftRound) -> Content:
    """What a round changed: of a merge the three versions, else a unified diff."""
    if three := told.get("three_way"):
        head = Content("y: what you had changed · d: what the draft changes\n\n")
        return head + _styled(
            three, {"y": "$text-accent", "d": "$text-success", "!": "$text-error"}
        )
    return diff_content(told.get("diff") or "no change of the text")


def diff_content(diff: str) -> Content:
    """A unified diff."""
    return _styled(diff, {"+": "$text-success", "-": "$text-error", "@": "$text-accent"})


def _styled(text: str, styles: dict[str, str]) -> Content:
    lines = clean(text).splitlines()
    return Content.assemble(*((f"{line}\n", styles.get(line[:1], "")) for line in lines))


def report_lines(draft: DraftShown, checked: DraftChecked) -> list[str]:
    """Checks with their cost, neighbours, flags, what was taken out."""
    lines: list[str] = []
    # What was asked for and paid comes before what is always there.
    for check in sorted(checked["checks"], key=lambda each: each["cost"] == "free"):
        cost = f" ({check['cost']})" if check["cost"] else ""
        lines.append(f"{_MARKS[check['passed']]} {check['name']}: {check['detail']}{cost}")
        if not check["passed"]:
            lines += [f"      {_finding(f)}" for f in check["findings"][:_FINDINGS]]
            if (more := len(check["findings"]) - _FINDINGS) > 0:
                lines.append(f"      and {more} more, in harvest.json once it is saved")
    if draft["into"]:
        lines.append(f"new version of your skill {draft['into']}")
    else:
        lines += [f"near: {n['name']}: {n['offer']} it? (u)" for n in checked["neighbours"]]
    if count := len(draft["conflicts"]):
        lines.append(f"{count} places were changed by you and by the draft: decide them (y)")
    lines += [f"look: {flag}" for flag in draft["flags"]]
    if draft["redactions"]:
        taken = ", ".join(f"{n} {kind}" for kind, n in draft["redactions"].items())
        lines.append(f"taken out: {taken} (unknown shapes pass: read it)")
    return [one_line(line) if not line.startswith("      ") else line for line in lines]


def _finding(finding: CheckFinding) -> str:
    if "message" in finding:
        where = f"line {finding['line']}: " if finding.get("line") else ""
        return one_line(f"{where}{finding['message']}")
    if "missed" in finding:
        return one_line(f"does not fire on: {finding['missed']}")[:160]
    if "false" in finding:
        return one_line(f"fires falsely on: {finding['false']}")[:160]
    if "file" in finding:
        why = finding.get("why") or f"exit code {finding.get('exit_code')}"
        return one_line(f"{finding['file']}: {why}")
    if "session" in finding:
        return one_line(f"{finding['calls']} calls, {finding['tokens']} tokens")
    return one_line(str(finding))
