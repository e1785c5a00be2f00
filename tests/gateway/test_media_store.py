"""The media store: on the disk before it is said, once however often it is sent, within its quota."""

import hashlib
import os
import threading

import pytest

from edge_gateway.media import MediaError, MediaLimits, MediaStore, NewMedia
from edge_gateway.media import contents as contents_module
from edge_gateway.media.schema import ATTACHMENT, PICTURE

from .support import DEADLINE_S


class Waiter:
    """An answer that others can wait for."""

    def __init__(self):
        self.stored = None
        self._called = threading.Event()

    def __call__(self, stored):
        self.stored = stored
        self._called.set()

    def wait(self):
        assert self._called.wait(DEADLINE_S), "no answer"
        return self.stored


def put(store, data, media_id=1, identity="1380", position=b"p" * 28):
    answer = Waiter()
    store.put(NewMedia(identity, PICTURE, 1000, media_id, position=position), data, answer)
    return answer.wait()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "media"


def test_a_picture_is_listed_with_its_position_and_read_back(folder):
    store = MediaStore(folder)
    assert put(store, b"jpeg", 7)
    (item,) = store.list("1380")
    assert (item.media_id, item.kind, item.size, item.position) == (7, PICTURE, 4, b"p" * 28)
    assert item.digest == hashlib.sha256(b"jpeg").hexdigest()
    assert store.path_of(item).read_bytes() == b"jpeg"
    assert store.get(item.number) == item and store.get(item.number + 1) is None
    assert store.list("other") == [] and store.list(after=item.number) == []
    store.close()


def test_the_same_picture_again_is_one_entry_and_the_same_content_of_two_is_one_file(folder):
    store = MediaStore(folder)
    assert put(store, b"jpeg", 7) and put(store, b"jpeg", 7) and put(store, b"jpeg", 8, "1390")
    assert len(store.list()) == 2
    assert store.stats()["files"] == 2 and store.stats()["bytes"] == 4
    first, second = store.list()
    assert store.delete(first.number) and store.path_of(second).exists()
    assert store.delete(second.number) and not store.path_of(second).exists()
    assert not store.delete(second.number) and store.stats()["bytes"] == 0
    store.close()


def test_it_is_on_the_disk_before_it_is_said(folder, monkeypatch):
    """The file is flushed, then named, its folder is flushed, then it is listed; only then the answer."""
    steps = []
    fsync, replace = os.fsync, contents_module.Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("flush"), fsync(handle)))
    monkeypatch.setattr(
        contents_module.Path, "replace", lambda path, to: (steps.append("name"), replace(path, to))[1]
    )
    store = MediaStore(folder)
    answer = Waiter()

    def told(stored):
        steps.append(f"listed {len(schema_rows(folder))}")
        answer(stored)

    store.put(NewMedia("1", PICTURE, 1), b"jpeg", told)
    assert answer.wait() and steps == ["flush", "name", "flush", "flush", "listed 1"]
    store.close()


def schema_rows(folder):
    import sqlite3

    with sqlite3.connect(folder / "media.db") as connection:
        return connection.execute("SELECT * FROM media").fetchall()


def test_when_it_is_full_it_refuses_and_counts(folder):
    store = MediaStore(folder, MediaLimits(max_bytes=10, max_files=2))
    assert put(store, b"12345", 1) and put(store, b"67890", 2)
    assert not put(store, b"x", 3) and store.counters["refused_full"] == 1
    assert put(store, b"12345", 1), "what is there is there"
    assert len(store.list()) == 2
    store.close()


def test_when_it_is_full_the_oldest_may_go(folder):
    store = MediaStore(folder, MediaLimits(max_bytes=10, max_files=3, when_full="delete_oldest"))
    for number in range(5):
        assert put(store, b"%05d" % number, number)
    assert [item.media_id for item in store.list()] == [3, 4]
    assert put(store, b"00003", 9), "the content of the one that goes is that of the one that comes"
    assert all(store.path_of(item).exists() for item in store.list())
    assert not put(store, b"too long for it", 10) and len(store.list()) == 3
    assert sum(1 for path in (folder / "contents").glob("??/*")) == 2 == len({i.digest for i in store.list()})
    store.close()


def test_it_is_the_same_after_a_restart_and_leavings_are_swept(folder):
    store = MediaStore(folder)
    put(store, b"jpeg", 7)
    store.close()
    (folder / "contents" / "half.part").write_bytes(b"cut off")
    unlisted = folder / "contents" / "ab"
    unlisted.mkdir()
    (unlisted / ("ab" * 32)).write_bytes(b"named, and never listed")
    store = MediaStore(folder)
    assert store.counters["swept"] == 2 and not list(unlisted.iterdir())
    assert [item.media_id for item in store.list()] == [7]
    assert store.stats()["bytes"] == 4 and store.path_of(store.list()[0]).read_bytes() == b"jpeg"
    store.close()


def test_a_disk_that_refuses_is_told_as_not_stored(folder, monkeypatch):
    store = MediaStore(folder)

    def no_space(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(contents_module.os, "fsync", no_space)
    assert not put(store, b"jpeg") and store.counters["failed"] == 1 and store.list() == []
    monkeypatch.undo()
    assert put(store, b"jpeg") and len(store.list()) == 1
    store.close()


def test_pictures_that_wait_for_the_disk_are_bounded(folder):
    store = MediaStore(folder, MediaLimits(waiting_bytes=3))
    assert not put(store, b"jpeg") and store.counters["refused_waiting"] == 1
    store.close()


def test_a_file_of_a_newer_program_is_refused(folder):
    MediaStore(folder).close()
    import sqlite3

    with sqlite3.connect(folder / "media.db") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(MediaError, match="version 99"):
        MediaStore(folder)


def test_a_finished_file_is_taken_from_its_place(folder):
    store, answer = MediaStore(folder), Waiter()
    file = folder / "incoming"
    file.write_bytes(b"film" * 1000)
    store.put_file(NewMedia("1", ATTACHMENT, 5, type=2, name="a.mp4", alarm="77"), file, answer)
    assert answer.wait() and not file.exists()
    (item,) = store.list("1")
    assert (item.name, item.alarm, item.type, item.size) == ("a.mp4", "77", 2, 4000)
    assert store.path_of(item).read_bytes() == b"film" * 1000
    store.close()


def test_who_gives_or_asks_does_not_wait_for_a_disk_that_is_being_written_to(folder, monkeypatch):
    """The loop that serves all terminals calls these; one picture on a slow disk must not stop it."""
    store = MediaStore(folder)
    assert put(store, b"first")
    writing, go_on = threading.Event(), threading.Event()
    write = contents_module.Contents.put

    def slow(contents, data, digest):
        writing.set()
        assert go_on.wait(DEADLINE_S)
        write(contents, data, digest)

    monkeypatch.setattr(contents_module.Contents, "put", slow)
    answers = [Waiter(), Waiter()]
    store.put(NewMedia("1380", PICTURE, 1000, 2), b"second", answers[0])
    assert writing.wait(DEADLINE_S)
    asked = []

    def ask():
        store.put(NewMedia("1380", PICTURE, 1000, 3), b"third", answers[1])
        (item,) = store.list()
        asked.append((store.get(item.number) == item, store.stats()["waiting_bytes"]))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(DEADLINE_S / 4)
    found = list(asked)
    go_on.set()
    assert found == [(True, len(b"second") + len(b"third"))]
    assert answers[0].wait() and answers[1].wait() and len(store.list()) == 3
    store.close()
