"""The media store: contents by hash, a list of what they are, a quota; one thread that writes.

Whoever gives something is called back once content and entry are on the disk, or with False when they are not
going to be. The same thing given twice is one entry, so a terminal may send again as often as it likes.
"""

import logging
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..log import Throttle
from ..threads import BatchThread
from . import schema
from .contents import CONTENTS_FOLDER, Contents, digest_of
from .limits import MediaLimits
from .schema import Item

LISTED_MAX = 1000  # entries of one answer
LIST_FILE: Final = "media.db"  # in the store's folder
_log = logging.getLogger(__name__)
Deliver = Callable[[list[tuple[Callable[[bool], None], bool]]], None]


class NewMedia(NamedTuple):
    """What is known of a thing before it is stored; see Item."""

    identity: str
    kind: str
    received_ms: int
    media_id: int = 0
    type: int = 0
    format: int = 0
    event: int = 0
    channel: int = 0
    position: bytes = b""
    name: str = ""
    alarm: str = ""


class _Job(NamedTuple):
    media: NewMedia
    content: bytes | Path
    answer: Callable[[bool], None]


def _call_here(released: list[tuple[Callable[[bool], None], bool]]) -> None:
    for release, written in released:
        release(written)


class MediaStore:
    """`put` and `put_file` from one thread, where `deliver` brings their answers; the rest from anywhere.

    `put`, `put_file`, `list`, `get` and `stats` never wait for a disk that is being written to: the loop that
    serves terminals calls them.
    """

    def __init__(
        self, folder: Path, limits: MediaLimits | None = None, deliver: Deliver = _call_here
    ) -> None:
        """Opens or makes the folder. Raises MediaError."""
        self.limits = limits or MediaLimits()
        self.counters: Counter[str] = Counter()
        self.folder = folder
        self._contents = Contents(folder / CONTENTS_FOLDER)
        self._connection = schema.connect(folder / LIST_FILE)  # writes
        self._writing = threading.Lock()
        self._reader = schema.connect(folder / LIST_FILE)
        self._reading = threading.Lock()
        self._counting = threading.Lock()  # over _waiting
        self._deliver = deliver
        self._throttle = Throttle()
        listed = schema.digests(self._connection)
        self.counters["swept"] = self._contents.sweep(listed)
        self._bytes = sum(listed.values())
        self._files = schema.count(self._connection)
        self._unlisted: deque[str] = deque()  # contents to be removed after the commit
        self._waiting = 0  # bytes of pictures that the thread has not written
        self._thread: BatchThread[_Job] = BatchThread("media", self._write, self._abandon)

    def put(self, media: NewMedia, data: bytes, answer: Callable[[bool], None]) -> None:
        """Stores bytes; `answer(stored)` comes after the disk. Refused at once when too many wait for it."""
        with self._counting:
            full = self._waiting + len(data) > self.limits.waiting_bytes
            self._waiting += 0 if full else len(data)
        if full:
            self.counters["refused_waiting"] += 1
            answer(False)
            return
        self._thread.put(_Job(media, data, answer))

    def put_file(self, media: NewMedia, file: Path, answer: Callable[[bool], None]) -> None:
        """Stores a finished file of the same file system, which is gone from its place afterwards."""
        self._thread.put(_Job(media, file, answer))

    def list(self, identity: str = "", after: int = 0, limit: int = 100) -> list[Item]:
        """Entries behind the number `after`, oldest first, of one terminal or of all; at most LISTED_MAX."""
        with self._reading:
            return schema.listed(self._reader, identity, after, min(limit, LISTED_MAX))

    def get(self, number: int) -> Item | None:
        """The entry of this number."""
        with self._reading:
            return schema.one(self._reader, number)

    def path_of(self, item: Item) -> Path:
        """The file with its content; not to be changed."""
        return self._contents.path_of(item.digest)

    def delete(self, number: int) -> bool:
        """Takes an entry off the list, and its content when nobody else has it; False when there is none."""
        with self._writing:
            with self._connection:
                item = schema.one(self._connection, number)
                if item is not None:
                    self._drop(item.number, item.digest, item.size)
            self._remove_unlisted()
        return item is not None

    def stats(self) -> dict[str, Any]:
        """How much is there, and what happened."""
        return {
            "files": self._files,
            "bytes": self._bytes,
            "waiting_bytes": self._waiting,
            "counters": dict(self.counters),
        }

    @property
    def died(self) -> bool:
        """Whether the writer met a bug: nothing is stored any longer."""
        return self._thread.died

    def run(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """For the other tables of the same file: one statement, committed."""
        with self._writing, self._connection:
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Writes what was given, closes the file."""
        self._thread.close()
        self._connection.close()
        self._reader.close()

    def _write(self, jobs: Sequence[_Job]) -> None:
        outcomes = [self._stored(job) for job in jobs]
        self._deliver([(job.answer, stored) for job, stored in zip(jobs, outcomes, strict=True)])

    def _stored(self, job: _Job) -> bool:
        """One after the other: a picture is rare and large, an fsync of its own costs little beside it."""
        data = job.content
        try:
            if isinstance(data, bytes):
                digest, size = digest_of(data), len(data)
                stored = self._listed(job.media, digest, size, lambda: self._contents.put(data, digest))
            else:
                stored = self._stored_file(job.media, data)
        except (OSError, sqlite3.Error) as error:
            stored = False
            self.counters["failed"] += 1
            if self._throttle.allows("media", str(error), time.monotonic()):
                _log.error("a picture or attachment could not be stored: %s", error)
        if isinstance(data, bytes):
            with self._counting:
                self._waiting -= len(data)
        self.counters["stored" if stored else "not_stored"] += 1
        return stored

    def _stored_file(self, media: NewMedia, file: Path) -> bool:
        """The content is named first; when the list then has no room for it, it goes again."""
        digest, size = self._contents.adopt(file)
        stored = self._listed(media, digest, size, lambda: None)
        if not stored:
            with self._writing:
                unlisted = not schema.has_digest(self._connection, digest)
            if unlisted:
                self._contents.remove(digest)
        return stored

    def _listed(self, media: NewMedia, digest: str, size: int, write: Callable[[], None]) -> bool:
        row = (media.identity, media.kind, digest, size, *media[2:])
        with self._writing, self._connection:
            if schema.has_entry(self._connection, row):
                return True
            if not self._has_room(0 if schema.has_digest(self._connection, digest) else size):
                self.counters["refused_full"] += 1
                return False
            known = schema.has_digest(self._connection, digest)  # what made room may have had it
            write()
            schema.insert(self._connection, row)
            self._files += 1
            self._bytes += 0 if known else size
        with self._writing:
            self._remove_unlisted()
        return True

    def _has_room(self, more: int) -> bool:
        limits = self.limits
        if more > limits.max_bytes:
            return False
        while self._files >= limits.max_files or self._bytes + more > limits.max_bytes:
            first = schema.oldest(self._connection)
            if limits.when_full == "refuse" or first is None:
                if self._throttle.allows("media", "full", time.monotonic()):
                    _log.error("the media store is full: pictures are refused until there is room")
                return False
            self._drop(*first)
            self.counters["deleted"] += 1
        return True

    def _drop(self, number: int, digest: str, size: int) -> None:
        schema.delete(self._connection, number)
        self._files -= 1
        if not schema.has_digest(self._connection, digest):
            self._bytes -= size
            self._unlisted.append(digest)

    def _remove_unlisted(self) -> None:
        """After the commit: an entry without its content would be a lie, a content without entry is swept."""
        while self._unlisted:
            digest = self._unlisted.popleft()
            if not schema.has_digest(self._connection, digest):
                self._contents.remove(digest)

    def _abandon(self, jobs: Sequence[_Job]) -> None:
        self._deliver([(job.answer, False) for job in jobs])
