"""Other words for what can be done: what people who come from other programs would type."""

from __future__ import annotations

SYNONYMS = {
    "new": "create start open add session spawn launch",
    "sessions": "list history resume open switch all archive",
    "search": "find grep history everywhere",
    "rename": "title name label",
    "close": "quit remove hide end tab kill",
    "archive": "hide delete put away trash",
    "fork": "branch copy duplicate clone",
    "aside": "snooze later hide park",
    "budget": "limit cost money dollars tokens cap spend",
    "interrupt": "stop cancel abort escape halt",
    "again": "retry repeat redo regenerate rerun",
    "undo": "revert rewind back",
    "turns": "checkpoint history rewind restore",
    "queue": "waiting messages pending later",
    "broadcast": "all several many send everyone",
    "inbox": "requests permissions questions approvals notifications dreams suggestions failures",
    "model": "llm switch engine change",
    "permission": "mode rights yolo approve plan accept",
    "compact": "summarise summarize shrink context memory",
    "resume": "continue unpause go on",
    "mcp": "mcp tools connect",
    "zoom": "full maximise maximize fullscreen focus",
    "compare": "split side diff two",
    "find": "search in page",
    "theme": "colours colors light dark appearance look",
    "settings": "configuration config preferences options keys profiles backends notices limits",
    "help": "keys shortcuts bindings manual docs",
    "backends": "doctor providers status what answers keys",
    "leave": "quit exit close",
    "review": "diff changes git commit merge land stage picture",
    "land-several": "merge queue order rebase squash branches worktrees",
    "runs": "plans tasks night batch",
    "export": "save markdown html json share download write",
    "import_": "claude codex opencode chatgpt aider history bring",
    "daydreams": "dream idle night ideas",
    "reload": "refresh reread configuration again",
    "prime": "priming inspire acronym arxiv names terms",
    "harvest": "skill save keep distil extract",
    "skills": "abilities instructions",
    "editor": "vim emacs nano external compose write",
    "unfold_pastes": "expand open paste",
    "shell_stop": "kill command bang",
    "thinking": "reasoning thoughts expand collapse",
    "columns": "layout grid split arrange side",
    "by_need": "sort order urgent first attention",
    "pin": "stick fix always favourite",
    "tags": "group label category",
    "show_only": "filter group tag repository profile plan hide",
}


def of(name: str) -> str:
    """Other words for an action."""
    return SYNONYMS.get(name, "")
