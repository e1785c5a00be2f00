"""The media of several workers, and of the attachment server beside them, as one list; for reading."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from . import schema
from .contents import CONTENTS_FOLDER, Contents
from .schema import Item
from .store import LIST_FILE


class Shelves:
    """`folders()`: number of each shelf → its folder, as they are now. An entry's number is its shelf's own
    times `stride`, plus the number of the shelf: it stays the same however many shelves there are."""

    def __init__(self, folders: Callable[[], Mapping[int, Path]], stride: int) -> None:
        self._folders = folders
        self._stride = stride

    def list(self, identity: str = "", after: int = 0, limit: int = 100) -> list[Item]:
        """Entries behind the number `after`, by number, of one terminal or of all."""
        found: list[Item] = []
        for shelf, folder in self._folders().items():
            with closing(_reader(folder)) as reader:
                own_after = (after - shelf) // self._stride
                found += [
                    item._replace(number=item.number * self._stride + shelf)
                    for item in schema.listed(reader, identity, own_after, limit)
                ]
        return sorted(found)[:limit]

    def get(self, number: int) -> Item | None:
        """The entry of this number."""
        own, shelf = divmod(number, self._stride)
        folder = self._folders().get(shelf)
        if folder is None:
            return None
        with closing(_reader(folder)) as reader:
            item = schema.one(reader, own)
        return item._replace(number=number) if item else None

    def path_of(self, item: Item) -> Path:
        """The file with its content; not to be changed."""
        folder = self._folders()[item.number % self._stride]
        return Contents(folder / CONTENTS_FOLDER).path_of(item.digest)


def _reader(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / LIST_FILE}?mode=ro", uri=True, check_same_thread=False)
