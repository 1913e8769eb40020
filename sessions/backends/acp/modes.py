"""Which of an agent's modes is the one in which it asks, by what the modes say of themselves.

For agents that nobody described (see agents.py), and for those whose asking mode has gone. The
protocol has no kinds of modes; some agents tell one in `_meta`, and many share ids. Names and
descriptions are the agent's own, in English as far as any was seen; those of nine other languages
are read too. A mode that says both is taken for one that acts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sessions.record.summary_parts import AgentChoice, AgentOption

_IDS = {
    "acceptedits": "acts", "agentfullaccess": "acts", "alwaysapprove": "acts", "auto": "acts",
    "autoaccept": "acts", "autoapprove": "acts", "autoedit": "acts", "autopilot": "acts",
    "bypass": "acts", "bypasspermissions": "acts", "dangerfullaccess": "acts", "dontask": "acts",
    "fullaccess": "acts", "fullauto": "acts", "never": "acts", "unrestricted": "acts",
    "yolo": "acts",
    "architect": "reads", "plan": "reads", "planning": "reads", "readonly": "reads",
    "ask": "asks", "askalways": "asks", "manual": "asks", "onrequest": "asks", "supervised": "asks",
}  # fmt: skip
"""What modes of these ids do, in whatever language they are called and described."""
_META = {"full_access": "acts", "auto_review": "acts", "plan": "reads"}
"""Kinds in a mode's `_meta` (Codex's adapter; Claude's knows them). `standard` is asked and not."""
_ACTS = re.compile(
    r"\bauto\w*|\bbypass\w*|\byolo\b|\bunattended\b|\bautonom\w*|\bfull[- ]?access\b|\btrust\w*"
    r"|\bskip\w*|\baccept\w* (all|any|every|edits)|\baccept[- _]?edits\b|\bapproves? (all|every)"
    r"|\b(allow|approve|accept)[- _]?(all|everything|edits)\b|\bnever (asks?|prompts?)\b"
    r"|\b(without|no|not?|never|doesn.t|does not) (any )?(be(ing)? )?"
    r"(ask\w*|approv\w*|confirm\w*|permission\w*|prompt\w*)"
    # Chinese and Japanese, Korean
    r"|自动|自動|无需|無需|不需|无须|免确认|不询问|不再询问|跳过|略過|绕过|全部(允许|批准|接受)"
    r"|(確認|許可|承認)(なし|せず|不要)|スキップ|(すべて|全て|常に)(を)?(許可|承認)"
    r"|자동|(확인|승인|허가) ?없이|묻지 ?않|건너뛰|모두 ?(허용|승인)"
    # German, French, Spanish and Portuguese, Russian
    r"|\bohne (zu |rück)?(fragen?|bestätig\w*|genehmig\w*|nachfrage\w*)|\bnie (nach)?frag\w*"
    r"|\balles (erlaub|genehmig|annehm)\w*|\büberspring\w*"
    r"|\bsans (demand|confirm|autoris|approb|valid)\w*|\btout (accept|approuv|autoris)\w*"
    r"|\bs(in|em) (pregunt|pergunt|confirm|aprob|aprov|permis|pedir)\w*"
    r"|\bавтомат\w*|\bавтоном\w*|\bбез (подтвержд|запрос|спрос|разреш)\w*|\bне спраш\w*",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\bask(s|ed|ing)?\b|\bconfirm\w*|\bmanual\w*|\bapprov\w*|\bpermissions?\b|\bprompt(s|ed|ing)?\b"
    r"|\bsupervis\w*|\bon[- _]request\b|\binteractive\b"
    r"|询问|詢問|确认|確認|批准|手动|手動|征求|許可|承認|尋ね|묻|물어|확인|승인|허가|수동"
    r"|\b(nach|rück)?frag(e|en|t|st)?\b|\bbestätig\w*|\bgenehmig\w*|\bmanuell\w*"
    r"|\bdemand\w*|\bapprobation\w*|\bautorisation\w*|\bmanuel\w*"
    r"|\bpregunt\w*|\bpergunt\w*|\baprob\w*|\baprova\w*|\bpermis\w*"
    r"|\bспраш\w*|\bподтвержд\w*|\bзапрос\w*|\bразреш\w*|\bодобр\w*|\bвручную\b",
    re.IGNORECASE,
)
_READS = re.compile(
    r"\bread[- _]?only\b|\bplan\w*|\b(no|without) (edit|chang|writ)\w*"
    r"|只读|唯讀|规划|計画|計劃|読み取り専用|읽기 ?전용|계획"
    r"|\bnur lesen\w*|\blecture seule\b|\bs[oó]lo lectura\b|\bsomente leitura\b|\bтолько чтение\b"
    r"|\bплан\w*",
    re.IGNORECASE,
)
_RIGHTS = re.compile(r"permission|approval", re.IGNORECASE)
"""In the category of an option that says beside the mode what is asked for."""
_SWITCHED = {
    "on": "acts",
    "true": "acts",
    "yes": "acts",
    "off": "asks",
    "false": "asks",
    "no": "asks",
}
"""What an option must do for nothing to be asked where its switch stands so."""
_DEFAULT = re.compile(r"default|normal|standard", re.IGNORECASE)


def kind_of(mode: AgentChoice) -> str:
    """What a mode says that it does: `acts` unasked, `asks`, only `reads`, or "" for nothing.

    By its kind where the agent tells it, by an id that is known, else by its words.
    """
    told = mode.get("kind", "")
    if kind := _META.get(told):
        return kind
    name = mode["value"].rpartition("#")[2]
    if kind := _IDS.get(re.sub(r"[^a-z]", "", name.lower())):
        return kind
    words = " ".join((name, mode["name"], mode.get("description", "")))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", words)
    if _ACTS.search(words):
        return "acts"
    if _READS.search(words):
        return "reads"
    return "asks" if _ASKS.search(words) or told == "standard" else ""


def acts_unasked(option: AgentOption) -> bool:
    """Whether an option of permissions (Copilot CLI's `allow_all`) stands where nothing is asked.

    By what its value says of itself, else, of a mere switch, by what the option does.
    """
    if not _RIGHTS.search(option["category"]):
        return False
    value = _stands(option)
    if kind := kind_of(value):
        return kind == "acts"
    does = _SWITCHED.get(value["value"].lower())
    itself: AgentChoice = {
        "value": option["id"],
        "name": option["name"],
        "description": option["description"],
    }
    return does is not None and kind_of(itself) == does


def opened(title: str, option: AgentOption, *, now: bool = False) -> str:
    """What is told of such an option. `now`: it went there within a turn."""
    did, since = ("put", "to") if now else ("has", "at")
    return (
        f"{title} {did} its option “{_shown(option['name'] or option['id'])}” {since} "
        f"“{_name(_stands(option))}”: it may act unasked{' from now on' if now else ''}. "
        "It is changed in *Options of this agent*."
    )


def _stands(option: AgentOption) -> AgentChoice:
    """The value at which an option is, with its words."""
    current = option["current"]
    unnamed: AgentChoice = {"value": current, "name": ""}
    return next((c for c in option["choices"] if c["value"] == current), unnamed)


def asking(modes: Sequence[AgentChoice], current: str) -> str:
    """The mode in which to hold an agent, "" where none says that it is one.

    The one it is in, if that asks; else one that asks; a default without a word beside modes that
    act; at last one that changes nothing.
    """
    kinds = {mode["value"]: kind_of(mode) for mode in modes}
    of = {kind: [v for v, k in kinds.items() if k == kind] for kind in ("asks", "reads", "acts")}
    asks = of["asks"]
    if not asks and of["acts"]:
        asks = [v for v, kind in kinds.items() if not kind and _DEFAULT.fullmatch(v)]
    for fitting in (asks, of["reads"]):
        if fitting:
            return current if current in fitting else fitting[0]
    return ""


def unread(modes: Sequence[AgentChoice]) -> bool:
    """Whether modes that say nothing say it in other letters than English has."""
    silent = (m for m in modes if not kind_of(m))
    words = (f"{m['name']}{m.get('description', '')}" for m in silent)
    return any(c.isalpha() and not c.isascii() for text in words for c in text)


def told(
    title: str, before: AgentChoice | None, now: AgentChoice | None, *, foreign: bool = False
) -> str:
    """What its user shall know of how an agent that nobody described is held.

    `foreign`: some of its modes say what they do in words that are not read here.
    """
    if now is None:
        where = f" It is in “{_name(before)}”." if before else ""
        unread = " What they say may be in a language that is not read here." if foreign else ""
        return (
            f"None of the modes of {title} says that it asks before it acts, so it may act "
            f"unasked.{unread}{where} Choose one in *Options of this agent*."
        )
    does = {"reads": "changes nothing, as it says", "asks": "asks before it acts, as it says"}
    what = does.get(kind_of(now), "says nothing of acting unasked")
    if before is None or before == now:
        return f"{title} is in its mode “{_name(now)}”, which {what}."
    return (
        f"{title} began in its mode “{_name(before)}” and was put into “{_name(now)}”, which "
        f"{what}. Choose another in *Options of this agent*."
    )


def gone(title: str, now: AgentChoice) -> str:
    """What is told of a mode that an agent went into, where that is one that acts unasked."""
    if kind_of(now) != "acts":
        return ""
    return f"{title} went into its mode “{_name(now)}”: it may act unasked from now on."


def _name(mode: AgentChoice) -> str:
    return _shown(mode["name"] or mode["value"])


def _shown(name: str) -> str:
    from sessions.safety.sanitise import clean_line

    return clean_line(name)[:60]
