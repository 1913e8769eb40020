"""Other words for what can be done: what people who come from other programs would type."""

from __future__ import annotations

from collections.abc import Sequence

SYNONYMS = {
    "new": "create start open add session spawn launch",
    "sessions": "list history resume open switch all archive",
    "search": "find grep history everywhere",
    "hosts": "remote ssh server computer connection offline",
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
    "terminal": "shell bash zsh pty pane split tmux console command",
    "terminal_keys": "focus detach escape leave prefix tmux",
    "look_back": "scrollback scroll copy mode history tmux",
    "replay": "asciicast recording playback watch again asciinema",
    "terminal_kill": "stop close quit signal process",
    "terminal_again": "restart respawn rerun",
    "to_terminal": "run paste command shell type",
    "theme": "colours colors light dark high contrast accessibility appearance look",
    "tour": "introduction tutorial welcome first start guide learn onboarding",
    "settings": "configuration config preferences options keys profiles backends notices limits",
    "help": "keys shortcuts bindings manual docs",
    "backends": "doctor providers status what answers keys",
    "leave": "quit exit close",
    "review": "diff changes git commit merge land stage picture",
    "fetch-branch": "host remote machine git pull branch home files",
    "land-several": "merge queue order rebase squash branches worktrees",
    "runs": "plans tasks night batch",
    "export": "save markdown html json share download write",
    "import_": "claude codex opencode chatgpt aider history bring",
    "daydreams": "dream idle night ideas",
    "timeline": "profile duration slow seconds waited gantt latency speed how long",
    "context": "window tokens full room memory prompt system what is sent bar",
    "usage": "figures statistics stats plot chart spend cost money tokens dashboard report",
    "reload": "refresh reread configuration again",
    "prime": "priming inspire acronym arxiv names terms",
    "harvest": "skill save keep distil extract",
    "skills": "abilities instructions",
    "editor": "vim emacs nano external compose write",
    "unfold_pastes": "expand open paste",
    "shell_stop": "kill command bang",
    "thinking": "reasoning thoughts expand collapse hide",
    "density": "dense spacing padding tight roomy small compact comfortable",
    "grow": "size resize bigger wider taller increase enlarge",
    "shrink": "size resize smaller narrower decrease",
    "even": "equal reset sizes balance same",
    "hide": "minimise minimize collapse put away remove",
    "show_hidden": "unhide restore minimised bring back",
    "columns": "layout grid split arrange side",
    "by_need": "sort order urgent first attention",
    "pin": "stick fix always favourite",
    "tags": "group label category",
    "show_only": "filter group tag repository profile plan hide",
    "move_left": "reorder order swap arrange drag earlier",
    "move_right": "reorder order swap arrange drag later",
    "agent_options": "mode model effort reasoning configure agent settings",
    "agent_commands": "slash init review login agent command",
    "sign_in": "login log in authenticate account credentials oauth",
    "continue": "resume imported revive live reopen",
    "start_plan": "run begin schedule tasks night batch workflow new write example",
    "draft_plan": "spec tasks write plan split decompose",
    "attach": "file picture image upload add drop drag",
    "paste_picture": "clipboard image screenshot attach",
    "detach": "remove attachment file picture unattach",
    "send_next": "queue go on dequeue submit next",
    "steer": "inject interrupt redirect now during turn",
    "answer": "permission allow deny approve reject reply request question",
    "other_backend": "switch provider agent model change hand over",
    "send_command": "forward pass hand over share output shell",
    "send_answer": "forward pass hand over share reply message",
    "when_done": "then chain afterwards follow up pipeline trigger",
    "next_needing": "jump attention waiting question unseen go next",
    "next": "right tab cycle switch tile",
    "previous": "left back tab cycle switch tile",
    "page_next": "more tiles forward scroll",
    "page_previous": "more tiles back scroll",
    "focus": "switch keys input scroll copy select tile composer",
    "mark": "keep byproduct bookmark star save harvest copy",
    "top": "start first scroll up beginning",
    "bottom": "latest last newest scroll down follow end",
    "side": "sidebar panel drawer toggle",
    "side_width": "sidebar resize wider narrower panel",
    "reconnect": "engine lost connect restart offline daemon server",
    "palette": "commands actions everything search menu",
}


SETTINGS = {
    "limits": "budget cost spend money cap dollars quota",
    "defaults.theme": "colours colors dark light contrast appearance look",
    "defaults.permission": "rights mode yolo approve",
    "defaults": "preferences general",
    "notify": "notices notifications sound bell alert desktop",
    "keys": "shortcuts bindings hotkeys keyboard",
    "tools": "sandbox bash shell command",
    "worktrees": "branch git",
    "skills": "abilities instructions folders",
    "titles": "names naming label",
    "engine": "daemon process memory server",
    "terminals": "shell bash tmux scrollback",
    "priming": "inspire dream idle night ideas",
    "permissions": "rules always allow rights",
    "backends": "provider api url server llm agent",
    "profiles": "preset set model llm",
    "prices": "cost money dollars tokens",
    "mcp": "tools servers connect",
    "cluster": "ray nodes",
    "hosts": "remote ssh machine",
}
"""The same for the configuration, by a section's or a key's name."""


def of_setting(name: str) -> str:
    """Other words for a key of the configuration, and for the sections that it stands in."""
    first, _, rest = name.partition(".")
    own = of(rest) if first == "keys" else SETTINGS.get(name, "")
    return f"{own} {SETTINGS.get(first, '')}"


def of(name: str) -> str:
    """Other words for an action."""
    return SYNONYMS.get(name, "")


def alike(terms: Sequence[str], words: Sequence[str], least: float) -> bool:
    """Whether every term is one of the words, with a letter wrong, too few or too many."""
    from rapidfuzz import fuzz, process

    return all(
        process.extractOne(term, words, scorer=fuzz.ratio, score_cutoff=least) for term in terms
    )
