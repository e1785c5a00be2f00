"""The media store as the API shows it: descriptions, and files with a type that no browser executes."""

from pathlib import Path
from typing import Any, Final

from protocols.jt808.plan import plan_of
from protocols.jt808.present import present_fields
from protocols.jt808.walk import decode_body
from protocols.wire.errors import ProtocolError
from protocols.wire.header import EDITION_2013
from protocols.wire.tables import MSG_POSITION_REPORT

from ..commands.views import iso
from ..media import Item, MediaStore, Shelves

KINDS: Final = {0: "picture", 1: "sound", 2: "film", 3: "text", 4: "other"}
# By (type, format) of a 0x0801; anything else is bytes.
CONTENT_TYPES: Final = {
    (0, 0): "image/jpeg",
    (0, 1): "image/tiff",
    (1, 2): "audio/mpeg",
    (1, 3): "audio/wav",
    (2, 4): "video/x-ms-wmv",
}
UNKNOWN: Final = "application/octet-stream"


class StoredMedia:
    """What `Services.media` is made of."""

    def __init__(self, store: MediaStore | Shelves) -> None:
        self._store = store

    def listed(self, terminal: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Descriptions behind the number `after`, oldest first."""
        return [_shown(item) for item in self._store.list(terminal, after, limit)]

    def file(self, number: int) -> tuple[Path, str] | None:
        """The file and content type of one; None when there is none."""
        item = self._store.get(number)
        if item is None:
            return None
        return self._store.path_of(item), CONTENT_TYPES.get((item.type, item.format), UNKNOWN)


def _shown(item: Item) -> dict[str, Any]:
    return {
        "id": item.number,
        "terminal": item.identity,
        "kind": item.kind,
        "sha256": item.digest,
        "bytes": item.size,
        "received_at": iso(item.received_ms),
        "media_id": item.media_id,
        "type": KINDS.get(item.type, str(item.type)),
        "content_type": CONTENT_TYPES.get((item.type, item.format), UNKNOWN),
        "event": item.event,
        "channel": item.channel,
        "position": _position(item.position),
        "name": item.name or None,
        "alarm": item.alarm or None,
    }


def _position(body: bytes) -> dict[str, Any] | None:
    """The basic block is alike in all editions that send one."""
    if not body:
        return None
    try:
        values = decode_body(MSG_POSITION_REPORT, EDITION_2013, body)
        return present_fields(plan_of(MSG_POSITION_REPORT, EDITION_2013), values)
    except ProtocolError as error:
        return {"hex": body.hex(), "error": str(error)}
