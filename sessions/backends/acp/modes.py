"""Which of an agent's modes is the one in which it asks, by what the modes say of themselves.

For agents that nobody described (see agents.py), and for those whose asking mode has gone. Names
and descriptions are the agent's own, in English as far as any was seen; a mode that says both is
taken for one that acts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sessions.record import events as ev

_ACTS = re.compile(
    r"\bauto\w*|\bbypass\w*|\byolo\b|\bunattended\b|\bautonom\w*|\bfull[- ]?access\b|\btrust\w*"
    r"|\bskip\w*|\baccept\w* (all|any|every|edits)|\baccept[- _]?edits\b|\bapproves? (all|every)"
    r"|\b(allow|approve|accept)[- _]?(all|everything|edits)\b|\bnever (asks?|prompts?)\b"
    r"|\b(without|no|not?|never|doesn.t|does not) (any )?(be(ing)? )?"
    r"(ask\w*|approv\w*|confirm\w*|permission\w*|prompt\w*)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\bask(s|ed|ing)?\b|\bconfirm\w*|\bmanual\w*|\bapprov\w*|\bpermissions?\b|\bprompt(s|ed|ing)?\b"
    r"|\bsupervis\w*|\bon[- _]request\b|\binteractive\b",
    re.IGNORECASE,
)
_READS = re.compile(
    r"\bread[- _]?only\b|\bplan\w*|\b(no|without) (edit|chang|writ)\w*", re.IGNORECASE
)
_DEFAULT = re.compile(r"default|normal|standard", re.IGNORECASE)


def kind_of(mode: ev.JSON) -> str:
    """What a mode says that it does: `acts` unasked, `asks`, only `reads`, or "" for nothing."""
    words = " ".join(str(mode.get(key) or "") for key in ("value", "name", "description"))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", words)
    if _ACTS.search(words):
        return "acts"
    if _READS.search(words):
        return "reads"
    return "asks" if _ASKS.search(words) else ""


def asking(modes: Sequence[ev.JSON], current: str) -> str:
    """The mode in which to hold an agent, "" where none says that it is one.

    The one it is in, if that asks; else one that asks; a default without a word beside modes that
    act; at last one that changes nothing.
    """
    kinds = {str(mode["value"]): kind_of(mode) for mode in modes}
    of = {kind: [v for v, k in kinds.items() if k == kind] for kind in ("asks", "reads", "acts")}
    asks = of["asks"]
    if not asks and of["acts"]:
        asks = [v for v, kind in kinds.items() if not kind and _DEFAULT.fullmatch(v)]
    for fitting in (asks, of["reads"]):
        if fitting:
            return current if current in fitting else fitting[0]
    return ""


def told(title: str, before: ev.JSON | None, now: ev.JSON | None) -> str:
    """What its user shall know of how an agent that nobody described is held."""
    if now is None:
        where = f" It is in “{_name(before)}”." if before else ""
        return (
            f"None of the modes of {title} says that it asks before it acts, so it may act "
            f"unasked.{where} Choose one in *Options of this agent*."
        )
    does = {"reads": "changes nothing, as it says", "asks": "asks before it acts, as it says"}
    what = does.get(kind_of(now), "says nothing of acting unasked")
    if before is None or before == now:
        return f"{title} is in its mode “{_name(now)}”, which {what}."
    return (
        f"{title} began in its mode “{_name(before)}” and was put into “{_name(now)}”, which "
        f"{what}. Choose another in *Options of this agent*."
    )


def gone(title: str, now: ev.JSON) -> str:
    """What is told of a mode that an agent went into, where that is one that acts unasked."""
    if kind_of(now) != "acts":
        return ""
    return f"{title} went into its mode “{_name(now)}”: it may act unasked from now on."


def _name(mode: ev.JSON | None) -> str:
    from sessions.safety.sanitise import clean_line

    return clean_line(str((mode or {}).get("name") or (mode or {}).get("value") or ""))[:60]
