"""One session as Markdown, JSON or a page of HTML that needs nothing else and runs nothing."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator

from sessions.errors import UsageError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.transcript import Block, Transcript
from sessions.safety.sanitise import clean

FORMATS = ("md", "json", "html")


def export(events: Iterable[ev.Event], fmt: str) -> str:
    """The session in one of `FORMATS`. Raises UsageError for another."""
    writers: dict[str, Callable[[list[ev.Event]], str]] = {
        "md": _markdown,
        "json": _json,
        "html": _html,
    }
    if fmt not in writers:
        raise UsageError(f"There is no format {fmt}.", f"There are: {', '.join(FORMATS)}.")
    return writers[fmt](list(events))


def _json(events: list[ev.Event]) -> str:
    return json.dumps([codec.to_json(event) for event in events], indent=1) + "\n"


def _created(events: list[ev.Event]) -> ev.SessionCreated | None:
    return next((e for e in events if isinstance(e, ev.SessionCreated)), None)


def _title(events: list[ev.Event]) -> str:
    titles = [str(e.changes["title"]) for e in events
              if isinstance(e, ev.SessionSet) and e.changes.get("title")]  # fmt: skip
    created = _created(events)
    return clean(titles[-1] if titles else (created.title if created else "")) or "Session"


def _markdown(events: list[ev.Event]) -> str:
    created = _created(events)
    lines = [f"# {_title(events)}", ""]
    if created is not None:
        lines += [f"{created.at} · {created.backend} · {created.model} · `{created.cwd}`", ""]
    for block in Transcript.of(events).blocks:
        lines += list(_block_markdown(block))
    return "\n".join(lines).rstrip() + "\n"


def _block_markdown(block: Block) -> Iterator[str]:
    undone = " (undone)" if block.undone else ""
    text = clean(block.text).strip()
    if block.kind == "user":
        origin = block.data.get("origin", "typed")
        yield from (
            f"## User{undone}" + (f" · {origin}" if origin != "typed" else ""),
            "",
            text,
            "",
        )
    elif block.kind == "text":
        yield from (f"## Answer{undone}", "", text, "")
    elif block.kind == "thinking" and text:
        yield from ("<details><summary>Thinking</summary>", "", text, "", "</details>", "")
    elif block.kind == "tool":
        given = json.dumps(block.data.get("input"), ensure_ascii=False, indent=1)
        yield f"**{clean(str(block.data.get('name')))}** — {block.data.get('status')}{undone}"
        yield from ("", *_fenced(clean(given)), "")
        if result := clean(str(block.data.get("result") or "")):
            yield from (*_fenced(result), "")
    elif block.kind == "error":
        yield from (f"> **Error:** {text} {clean(str(block.data.get('hint', '')))}".rstrip(), "")
    elif block.kind == "notice":
        yield from (f"> {_noticed(block)}", "")


def _noticed(block: Block) -> str:
    """A notice in a line: what was changed, by what it is now."""
    what, text = clean(str(block.data.get("what"))), clean(block.text)
    changes = block.data.get("changes")
    if what == "set" and isinstance(changes, dict):
        text = ", ".join(f"{clean(str(k))} is now {clean(str(v))}" for k, v in changes.items())
        what = ""
    return f"{what} {text}".strip()


def _fenced(text: str) -> list[str]:
    """A fence that is longer than any in the text."""
    longest = max((len(run) for run in text.split("\n") if run.startswith("```")), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text.rstrip("\n"), fence]


_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.6rem;border-radius:4px}
section{margin:1.2rem 0;padding-left:.8rem;border-left:3px solid #ccc}
.user{border-color:#2a6}.tool{border-color:#a72}.error{border-color:#c33}.undone{opacity:.5}
h2{font-size:.9rem;margin:0 0 .3rem;color:#666}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#222}}"""


def _html(events: list[ev.Event]) -> str:
    title = html.escape(_title(events))
    parts = [
        "<!doctype html><html><head><meta charset=utf-8>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
    ]
    for block in Transcript.of(events).blocks:
        parts.append(_block_html(block))
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _block_html(block: Block) -> str:
    heads = {"user": "User", "text": "Answer", "thinking": "Thinking", "error": "Error"}
    head = heads.get(block.kind, "")
    text = clean(block.text)
    if block.kind == "tool":
        head = f"{block.data.get('name')} — {block.data.get('status')}"
        given = json.dumps(block.data.get("input"), ensure_ascii=False, indent=1)
        text = clean(f"{given}\n\n{block.data.get('result') or ''}")
    elif block.kind == "notice":
        head, text = _noticed(block), ""
    if not text.strip() and block.kind in ("thinking", "text"):
        return ""
    classes = f"{block.kind}{' undone' if block.undone else ''}"
    body = f"<pre>{html.escape(text)}</pre>" if text.strip() else ""
    return f'<section class="{classes}"><h2>{html.escape(clean(head))}</h2>{body}</section>'
