"""What the command desk is to be asked for: kept in the turn that wants it, asked once it stands on the disk.

An errand's id is the idempotency key of its command, so a crash between the two asks again and sends once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .book import Book

EDITION_2019: Final = 2019
TEXT: Final = "TextMessage"
PASSTHROUGH: Final = "DownlinkPassthrough"
TEXT_CHARACTERS_MAX: Final = 300
ERRANDS_MAX: Final = 100_000  # more than that waits for no terminal of a fleet; new ones are refused then


@dataclass(frozen=True)
class Errand:
    """body: of the command. holder, kinds: what is waiting for this holder of these kinds is replaced by it;
    kind: its own. Empty holder: it replaces nothing."""

    id: int
    terminal: str
    message: str
    body: Mapping[str, Any]
    not_after_ms: int
    holder: str = ""
    kind: int = 0
    replaces: Sequence[int] = ()

    @property
    def key(self) -> str:
        """The idempotency key of its command."""
        return f"freight {self.id}"


class FullError(Exception):
    """There are ERRANDS_MAX."""


def add(book: Book, errand: Errand) -> int:
    """Keeps it (its id is given here); within a turn. Raises FullError."""
    if count(book) >= ERRANDS_MAX:
        raise FullError(f"{ERRANDS_MAX} errands wait already")
    values = json.dumps({"body": errand.body, "replaces": list(errand.replaces)}, ensure_ascii=False)
    return book.run(
        "INSERT INTO errand VALUES (NULL, ?, ?, ?, ?, ?, ?)",
        errand.terminal, errand.message, values, errand.not_after_ms, errand.holder, errand.kind,
    )  # fmt: skip


def count(book: Book) -> int:
    """How many wait."""
    found = book.row("SELECT count(*) FROM errand")
    return int(found[0]) if found else 0


def waiting(book: Book, most: int, after: int = 0) -> list[Errand]:
    """The oldest behind id `after`."""
    found = book.rows(
        "SELECT id, terminal, message, content, not_after_ms, holder, kind FROM errand WHERE id > ?"
        " ORDER BY id LIMIT ?",
        after,
        most,
    )
    errands = []
    for number, terminal, message, content, not_after_ms, holder, kind in found:
        values = json.loads(content)
        errands.append(
            Errand(number, terminal, message, values["body"], not_after_ms, holder, kind, values["replaces"])
        )
    return errands


def done(book: Book, errand: Errand, command: int) -> None:
    """Its command is taken (0: it was refused for good)."""
    with book.turn():
        book.run("DELETE FROM errand WHERE id = ?", errand.id)
        if errand.holder and command:
            for kind in errand.replaces:
                book.run("DELETE FROM push WHERE holder = ? AND kind = ?", errand.holder, kind)
            book.run("INSERT OR REPLACE INTO push VALUES (?, ?, ?)", errand.holder, errand.kind, command)


def replaced(book: Book, errand: Errand) -> list[int]:
    """Commands that this one makes needless."""
    found = (
        dict(book.rows("SELECT kind, command FROM push WHERE holder = ?", errand.holder))
        if errand.holder
        else {}
    )
    return [found[kind] for kind in errand.replaces if kind in found]


def text_to_driver(terminal: str, edition: int, text: str, not_after_ms: int) -> Errand:
    """A text on the terminal's screen, urgent; the edition decides about its type."""
    said = text[:TEXT_CHARACTERS_MAX]
    if edition == EDITION_2019:
        body: dict[str, Any] = {"flag": ["display", "tts"], "type": "notice", "text": said}
    else:
        body = {"flag": ["urgent", "display", "tts"], "text": said}
    return Errand(0, terminal, TEXT, body, not_after_ms)
