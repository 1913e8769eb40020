"""Takes out of a text who somebody is and where: mail, names, numbers, addresses, hosts.

Names are learnt from what tells them (a mail address, a greeting, who is logged in, git's
configuration) and then taken out wherever they stand. Shapes that are not known pass, and a
review says so.
"""

from __future__ import annotations

import os
import re
import socket
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

_MAIL = re.compile(r"(?<![\w.+-])([\w.+-]+)@((?:[\w-]+\.)+[A-Za-z]{2,})(?![\w-]|\.\w)")
_NO_MAIL = re.compile(
    r"(?i)(?:git|hg|noreply|no-reply)@|@(?:example\.(?:com|org|net)|users\.noreply)"
)
_LOGIN = re.compile(
    r"(?<![\w.+/-])([\w.+-]+)@([\w-]+(?:\.[\w-]+)*):((?:[/~][\w.@+-]*)*/)?(?=[/~\w])"
)
_OPTION = r"(?:[ \t]+-[A-Za-z]+(?:[ \t]+(?:\d+|[\w./~-]*/[\w./~-]+))?)*"
_SSH = re.compile(
    rf"(?<![\w./-])((?:ssh|mosh|sftp|ssh-copy-id){_OPTION}[ \t]+)"
    r"(?:[\w.+-]+@)?([A-Za-z][\w-]*(?:\.[\w-]+)*)(?![\w./@=(-])"
)
_INSIDE = re.compile(
    r"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:internal|lan|corp|intranet|localdomain|home\.arpa)"
    r"(?![\w(-])|(?<=[@/])[\w-]+(?:\.[\w-]+)*\.local(?![\w(-])"
)
_IP = re.compile(r"(?<![\w.-])(?<!\w/)(?:\d{1,3}\.){3}\d{1,3}(?![\w.-]\d|\w)")
_OWN_IP = ("127.", "0.0.0.0", "255.")
_PHONE = re.compile(r"(?<![\w+])\+\d{1,3}[ \d()/-]{6,}\d(?!\w)")
_CITY = r"(?:,? +\d{4,5} +[A-ZÄÖÜ][\w-]+)?"
_STREET = re.compile(
    rf"\b[A-ZÄÖÜ][\w-]*(?:weg|stra(?:ß|ss)e|str\.|gasse|platz|allee|damm) +\d{{1,4}}[a-z]?\b{_CITY}"
    r"|\b\d{1,5} +(?:[A-Z][a-z]+ +){1,3}(?:Street|St\.|Road|Rd\.|Avenue|Ave\.|Lane|Drive|Boulevard|"
    rf"Square|Terrace)(?!\w){_CITY}"
)
_NAME = r"[A-ZÄÖÜ][\w'-]+(?:[ \t]+[A-ZÄÖÜ][\w'-]+){0,2}"
_KIN = """boss landlord landlady wife husband partner sister brother mother father daughter son
friend colleague neighbour neighbor doctor teacher client manager"""
_TELLS = re.compile(
    r"(?:\b(?:[Mm]y name is|[Ii] am called)[ \t]+"
    rf"|\b[Mm]y (?:\w+ )?(?:{'|'.join(_KIN.split())})[ \t]+"
    r"|\b(?:Mr|Ms|Mrs|Mx|Dr|Prof|Herr|Frau)\.?[ \t]+"
    r"|\b(?:[Rr]egards|[Ss]incerely|[Ff]aithfully|[Bb]est wishes|[Cc]heers|[Gg]rüßen?|Yours),?"
    r"[ \t]*\n+[ \t]*|@(?:author|reviewer)[ \t]+)"
    rf"({_NAME})"
)
_BEFORE_MAIL = re.compile(rf"({_NAME})[ \t]+<[\w.+-]+@")
_COMMON = """
Will May Mark Grace Bill Rose Sue Art Drew Grant Frank Hope Joy Pat Rob Chase Page Rich June
April Dawn Summer August Bob Ray Miles Guy Jack The This That Please Thanks Dear Best From And Team
Support Admin Info Mail Root User Test Data Home Work
"""
_GIVEN = """
Ada Adam Alan Alex Alice Amy Ana Andrea Andreas Andrew Anja Anna Anne Antonio Ben Bea Beate Bernd
Birgit Brian Carla Carlos Caroline Charles Chris Christian Christine Claire Claudia Daniel David
Dennis Diana Dieter Donald Edward Elena Elizabeth Ella Emily Emma Eric Erika Eva Felix Frances
Franz Gabriele George Georg Gerhard Hannah Hans Heike Heinz Helen Henry Holger Ingrid Isabel Ivan
Jacob James Jane Jennifer Jens Jessica Joan Johannes John Jonas Jonathan Joseph Juan Julia Jürgen
Karen Karin Karl Katharina Kate Keith Kevin Klaus Lara Laura Lena Leon Linda Lisa Lucas Lucy Luis
Lukas Manfred Manuel Maria Marie Marion Mario Markus Martin Martina Mary Matthew Matthias Michael
Michelle Monika Nancy Nicole Nina Nora Oliver Olivia Oscar Pablo Patricia Patrick Paul Paula Pedro
Peter Petra Philip Rachel Ralf Rebecca Richard Robert Roger Sabine Sam Samuel Sandra Sara Sarah
Sebastian Simon Sofia Sophie Stefan Stephanie Stephen Steven Susan Susanne Sven Tanja Teresa Theo
Thomas Tim Tobias Tom Ulrich Ursula Uwe Walter Werner William Wolfgang
"""
_FULL = re.compile(
    rf"(?<![\w.-])({'|'.join(_GIVEN.split())})[ \t]+[A-ZÄÖÜ][a-zäöüß']{{2,}}"
    r"(?:-[A-ZÄÖÜ][a-zäöüß]+)?(?!\w)"
)
"""A usual given name, and what looks like another name behind it."""
_WORDS = frozenset(_COMMON.split())
"""Names that are words as well: taken out as part of a whole name alone."""
_URL = re.compile(r"(?<=://)(?!(?:[\w.-]*\.)?(?:{known})(?![\w.-]))[\w-]+(?:\.[\w-]+)+")
_KNOWN = """
github.com gitlab.com bitbucket.org githubusercontent.com pypi.org python.org pythonhosted.org
npmjs.com npmjs.org crates.io rust-lang.org golang.org go.dev nodejs.org mozilla.org w3.org
wikipedia.org wikimedia.org wikidata.org arxiv.org doi.org debian.org ubuntu.com kernel.org gnu.org
docker.com docker.io readthedocs.io stackoverflow.com google.com googleapis.com microsoft.com
apple.com anthropic.com openai.com huggingface.co open-meteo.com openstreetmap.org json-schema.org
schema.org example.com example.org example.net creativecommons.org
"""
_HOSTS = re.compile(_URL.pattern.format(known="|".join(map(re.escape, _KNOWN.split()))))


class Person:
    """What is known of people, and takes it out. `learn` from all texts before one is told."""

    def __init__(self, names: Iterable[str] = (), hosts: Iterable[str] = ()) -> None:
        self._whole: set[str] = set()
        self._hosts = sorted({h for h in hosts if len(h) > 3 and h != "localhost"})
        for name in names:
            self._know(name)

    def learn(self, text: str) -> None:
        """Names that a text tells."""
        for found in (*_TELLS.finditer(text), *_BEFORE_MAIL.finditer(text)):
            self._know(found[1])
        for found in _FULL.finditer(text):
            self._whole |= {found[0], found[1]}
        for found in _MAIL.finditer(text):
            parts = re.split(r"[._+-]", found[1])
            if len(parts) > 1 and all(part.isalpha() and len(part) > 2 for part in parts):
                self._know(" ".join(part.capitalize() for part in parts))

    def _know(self, name: str) -> None:
        words = [w for w in name.split() if len(w) > 2]
        if len(words) > 1:
            self._whole.add(name)
        self._whole |= {w for w in words if w not in _WORDS and w[:1].isupper()}

    def without(self, text: str, counts: Counter[str]) -> str:
        """The text without them; `counts` is told of what was taken out."""

        def one(pattern: re.Pattern[str], mark: str, kind: str, text: str) -> str:
            text, found = pattern.subn(mark, text)
            counts[kind] += found
            return text

        text = _LOGIN.sub(lambda found: self._login(found, counts), text)
        text = one(_SSH, r"\1HOST", "host", text)
        text = _MAIL.sub(lambda found: self._mail(found, counts), text)
        text = one(_INSIDE, "HOST", "host", text)
        text = _IP.sub(lambda found: self._ip(found, counts), text)
        text = one(_PHONE, "PHONE", "phone", text)
        text = one(_STREET, "ADDRESS", "address", text)
        for kind, words in (("name", self._whole), ("host", self._hosts)):
            if words:
                longest = sorted(words, key=len, reverse=True)
                pattern = rf"(?<![\w.-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])"
                text = one(re.compile(pattern), {"name": "PERSON"}.get(kind, "HOST"), kind, text)
        return re.sub(r"PERSON(?:[ \t]+PERSON)+", "PERSON", text)

    def _mail(self, found: re.Match[str], counts: Counter[str]) -> str:
        if _NO_MAIL.search(found[0]):
            return found[0]
        counts["mail"] += 1
        return "EMAIL"

    def _login(self, found: re.Match[str], counts: Counter[str]) -> str:
        if without_hosts(f"://{found[2]}") == f"://{found[2]}" and "." in found[2]:
            return found[0]  # git@github.com: names nobody
        counts["host"] += 1
        return "USER@HOST:PATH/" if found[3] else "USER@HOST:"

    def _ip(self, found: re.Match[str], counts: Counter[str]) -> str:
        parts = [int(part) for part in found[0].split(".")]
        named = found.string[max(0, found.start() - 2) : found.start()].endswith(("//", "@"))
        version = max(parts) < 32 and parts[0] != 10 and not named
        if found[0].startswith(_OWN_IP) or max(parts) > 255 or version:
            return found[0]
        counts["host"] += 1
        return "IP_ADDRESS"


def without_hosts(text: str) -> str:
    """A sentence whose addresses name no host but such as everybody knows."""
    return _HOSTS.sub("HOST", text)


@lru_cache(maxsize=1)
def here() -> tuple[frozenset[str], frozenset[str]]:
    """The names of who is logged in, and of this machine."""
    names: set[str] = set()
    try:
        import pwd

        names.add(pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0])
    except (ImportError, KeyError, OSError):
        pass
    for file in (".gitconfig", ".config/git/config"):
        try:
            text = (Path.home() / file).read_text("utf-8", "replace")[:100_000]
        except OSError:
            continue
        if found := re.search(r"(?m)^\s*name\s*=\s*\"?([^\"\n]+)", text):
            names.add(found[1].strip())
    told = {name for name in names if name and name.lower() not in ("root", "user", "admin")}
    return frozenset(told), frozenset({socket.gethostname()})
