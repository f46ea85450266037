"""Translations: gather the sentences of each room, add what is missing, compile, check.

    python tools/messages.py            all rooms: add missing msgids with an empty msgstr, compile
    python tools/messages.py fleet crm  these rooms only
    python tools/messages.py --compile  only .po to .mo, for set-up
    python tools/messages.py --check    write nothing; fail with a list of what has no translation

A sentence that the kit already translates is not asked of a room again. What is no longer used is
kept in the file as obsolete, and comes back when it is.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polib

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "panshi"
SHARED: Final = "kit"
KEYWORDS: Final = {
    "_": None,
    "lazy": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
METADATA: Final = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": "zh_Hans",
    "Plural-Forms": "nplurals=1; plural=0;",
}

Key = tuple[str | None, str]


@dataclass(slots=True)
class Message:
    """A sentence of the source: its plural, if any, and the files that say it."""

    plural: str = ""
    places: set[str] = field(default_factory=set)


def rooms() -> list[str]:
    return sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py"))


def sources(room: str) -> Iterator[tuple[Path, str]]:
    """Each file of a room with its text as Python: templates are turned into calls."""
    from django.utils.translation.template import templatize

    for path in sorted((PACKAGE / room).rglob("*.py")):
        if not {"migrations", "tests"} & set(path.parts):
            yield path, path.read_text()
    for path in sorted((PACKAGE / room).rglob("templates/**/*")):
        if path.is_file() and path.suffix in {".html", ".txt"}:
            calls = templatize(path.read_text(), origin=str(path))
            yield path, "\n".join(line.strip() for line in calls.split("\n"))


def gather(room: str) -> dict[Key, Message]:
    """All sentences of a room by (context, msgid)."""
    # A development tool: set-up only compiles, and need not have it.
    from babel.messages.extract import extract

    found: dict[Key, Message] = {}
    for path, text in sources(room):
        place = path.relative_to(ROOT).as_posix()
        for _line, words, _comments, context in extract(
            "python", io.BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            single, plural = (words[0], words[1]) if isinstance(words, tuple) else (words, "")
            if not single:
                continue
            message = found.setdefault((context, single), Message())
            message.plural = message.plural or plural
            message.places.add(place)
    return found


def po_path(room: str) -> Path:
    return PACKAGE / room / "locale/zh_Hans/LC_MESSAGES/django.po"


def read(room: str) -> polib.POFile:
    path = po_path(room)
    catalogue = polib.pofile(str(path), wrapwidth=100) if path.exists() else polib.POFile()
    catalogue.wrapwidth = 100
    catalogue.metadata = dict(METADATA)
    return catalogue


def _key(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid


def translated(catalogue: polib.POFile) -> set[Key]:
    return {_key(e) for e in catalogue if not e.obsolete and e.translated()}


def update(room: str, found: dict[Key, Message], shared: set[Key]) -> int:
    """Bring a room's file up to its source; answers how many sentences were added."""
    path, catalogue = po_path(room), read(room)
    entries = {_key(entry): entry for entry in catalogue}
    added = 0
    for key, message in found.items():
        entry = entries.get(key)
        if entry is None and key in shared:
            continue
        if entry is None:
            context, single = key
            entry = polib.POEntry(msgctxt=context, msgid=single)
            if message.plural:
                entry.msgid_plural, entry.msgstr_plural = message.plural, {0: ""}
            catalogue.append(entry)
            added += 1
        entry.obsolete = False
        entry.occurrences = [(place, "") for place in sorted(message.places)]
    for key, entry in entries.items():
        if key not in found:
            entry.obsolete, entry.occurrences = True, []
    catalogue.sort(key=lambda entry: (entry.obsolete, entry.msgid, entry.msgctxt or ""))
    if len(catalogue):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = str(catalogue) + "\n"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return added


def compile_room(room: str) -> None:
    path = po_path(room)
    if path.exists():
        read(room).save_as_mofile(str(path.with_suffix(".mo")))


_HOLES: Final = re.compile(r"%\((\w+)\)[a-z]|%[sd]")


def faults(room: str, found: dict[Key, Message], shared: set[Key]) -> list[str]:
    """Sentences of a room without a sound translation, as lines for people."""
    catalogue = read(room)
    entries = {_key(entry): entry for entry in catalogue if not entry.obsolete}
    lines = []
    for key, message in sorted(found.items(), key=lambda item: item[0][1]):
        entry = entries.get(key)
        where = f"{sorted(message.places)[0]}: {key[1]!r}"
        if entry is None:
            if key not in shared:
                lines.append(f"{where} is not in {room}'s django.po")
        elif entry.fuzzy:
            lines.append(f"{where} is fuzzy")
        elif not entry.translated():
            lines.append(f"{where} has no translation")
        elif wrong_holes(entry):
            lines.append(f"{where} and its translation differ in placeholders")
    return lines


def wrong_holes(entry: polib.POEntry) -> bool:
    """Whether a translation names a placeholder that the sentence does not fill, or drops one."""
    holes = set(_HOLES.findall(entry.msgid_plural or entry.msgid))
    words = [*entry.msgstr_plural.values()] or [entry.msgstr]
    return any(set(_HOLES.findall(text)) != holes for text in words)


def rivals(catalogues: Mapping[str, Iterable[polib.POEntry]]) -> list[str]:
    """Texts that two rooms translate apart, as lines for people.

    All rooms share one catalogue at run time, so only one of the two would ever be shown.
    """
    said: dict[Key, dict[str, str]] = {}
    for room, entries in catalogues.items():
        for entry in entries:
            if not entry.obsolete:
                words = entry.msgstr or " / ".join(entry.msgstr_plural.values())
                said.setdefault(_key(entry), {})[room] = words
    return [
        f"{key[1]!r} means two things: {by_room}; one of them needs a context"
        for key, by_room in said.items()
        if len(set(by_room.values())) > 1
    ]


def main(arguments: list[str]) -> int:
    options = {a for a in arguments if a.startswith("--")}
    chosen = [a for a in arguments if not a.startswith("--")] or rooms()
    if unknown := (options - {"--check", "--compile"}) or set(chosen) - set(rooms()):
        sys.stderr.write(f"{__doc__}\nunknown: {', '.join(sorted(unknown))}\n")
        return 2
    if "--check" in options:
        shared = translated(read(SHARED))
        lines = [line for room in chosen for line in faults(room, gather(room), shared)]
        lines += rivals({room: read(room) for room in rooms()})
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return 1 if lines else 0
    if "--compile" not in options:
        for room in sorted(chosen, key=lambda name: name != SHARED):
            added = update(room, gather(room), translated(read(SHARED)))
            if added:
                sys.stdout.write(f"{room}: {added} sentences to translate\n")
    for room in chosen:
        compile_room(room)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
