"""Driver codes on their way from the authority to a terminal's screen: read, kept, handed to the command
desk.

A newer push replaces a waiting one of the same holder, but only what it makes needless: a colour says nothing
of a code that has not arrived. A key for proofs of presence that goes by is kept: with it scans are judged
here.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols.driver_code import push
from protocols.monitoring.fields import parse_object
from protocols.wire.errors import RemoteProtocolError

from . import errands
from .book import Book
from .clock import Now
from .errands import Errand
from .registers import Registers

VERSION: Final = 1
LIFE_MS: Final = 7 * 86_400_000  # a truck may be off for a holiday; what comes later is told anew
KEPT_MS: Final = 30 * 86_400_000  # ids of pushes that came
_REPLACES: Final[dict[push.Kind, tuple[push.Kind, ...]]] = {
    push.Kind.CODE: (push.Kind.CODE, push.Kind.COLOUR, push.Kind.WITHDRAWN),
    push.Kind.WITHDRAWN: (push.Kind.CODE, push.Kind.COLOUR, push.Kind.WITHDRAWN),
    push.Kind.COLOUR: (push.Kind.COLOUR,),
    push.Kind.KEY: (push.Kind.KEY,),
}


@dataclass(frozen=True)
class CodeDown:
    """id: of the push. terminal: phone or empty: then that of the vehicle. content: of 0x8900, without its
    type."""

    id: str
    plate: str
    plate_colour: int
    terminal: str
    kind: push.Kind
    content: bytes


def decode(payload: bytes) -> CodeDown:
    """The message. Raises RemoteProtocolError, naming the field."""
    fields = parse_object(payload)
    fields.integer("v", VERSION, VERSION)
    try:
        content = base64.b64decode(fields.text("push"), validate=True)
    except (binascii.Error, ValueError):
        raise fields.fault("push", "no base64") from None
    return CodeDown(
        fields.text("id", r"[!-~]{1,80}"),
        fields.text("plate", r".{0,12}"),
        fields.integer("plate_colour", 0, 255),
        fields.text("terminal", r"[0-9]{0,20}"),
        push.parse(content)["kind"],
        content,
    )


def take(
    book: Book, registers: Registers, down: CodeDown, find: Callable[[str, int], str | None], now: Now
) -> bool:
    """Keeps it as an errand; False when it came before. find: the terminal of a plate and colour. Within a
    turn.

    Raises RemoteProtocolError when no terminal is known for it.
    """
    if book.row("SELECT 1 FROM code WHERE id = ?", down.id):
        return False
    terminal = down.terminal.lstrip("0") or find(down.plate, down.plate_colour)
    if not terminal:
        raise RemoteProtocolError(
            f"no terminal is known for {down.plate}/{down.plate_colour}", field="terminal"
        )
    book.run("INSERT INTO code VALUES (?, ?)", down.id, now.ms)
    book.run("DELETE FROM code WHERE at_ms < ?", now.ms - KEPT_MS)
    if down.kind is push.Kind.KEY:
        values = push.parse(down.content)
        registers.add_presence(values["key"], bytes(values["secret"]))
    body = {"type": push.PASSTHROUGH_TYPE, "content": {"hex": down.content.hex()}}
    errand = Errand(
        0,
        terminal,
        errands.PASSTHROUGH,
        body,
        now.ms + LIFE_MS,
        f"{terminal} {down.plate}/{down.plate_colour}",
        int(down.kind),
        [int(kind) for kind in _REPLACES[down.kind]],
    )
    errands.add(book, errand)
    return True


def count(book: Book) -> int:
    """How many came within KEPT_MS."""
    found = book.row("SELECT count(*) FROM code")
    return int(found[0]) if found else 0
