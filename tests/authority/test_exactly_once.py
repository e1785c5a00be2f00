"""Whatever comes, in whatever cuts, order and repetition: each position is there once, told apart by its
record id, and what became of each record is what the plainest possible book says.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.monitoring import columnar
from protocols.monitoring.batch import Batch
from protocols.monitoring.forms import decode_batch
from protocols.monitoring.records import MESSAGE, Record, id_of
from simulator.authority import positions
from simulator.authority.store import Delivered, Store, Stored
from tests.monitoring.mix import make_mix

POOL = make_mix(24, vehicles=3)
WORDS = [
    Record(1, 5, record.phone, 2013, 0, 0x0701, record.serial, MESSAGE, b"\0\0\0\x03abc") for record in POOL
]


class Book:
    """The same decisions in dictionaries."""

    def __init__(self) -> None:
        self.positions: dict[bytes, tuple[str, int]] = {}
        self.seen: set[tuple[bytes, str, int]] = set()
        self.duplicates: set[tuple[str, int, bytes]] = set()

    def store(self, gateway: str, records: list[Record]) -> Stored:
        found = Counter(self._outcome(gateway, record) for record in records)
        return Stored(found[0], found[1], found[2])

    def _outcome(self, gateway: str, record: Record) -> int:
        name, entry = id_of(record), (gateway, record.sequence)
        again = (name, *entry) in self.seen
        self.seen.add((name, *entry))
        if again or record.kind == MESSAGE or self.positions.setdefault(name, entry) == entry:
            return int(again)
        self.duplicates.add((*entry, name))
        return 2


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[str, list[Record]]]:
    """Batches out of one small pool: a journal entry may hold a report that another entry holds too, and one
    entry is always the same record."""
    entries = {
        (gateway, sequence): draw(st.sampled_from(POOL + WORDS))._replace(sequence=sequence)
        for gateway in ("a", "b")
        for sequence in range(1, 13)
    }
    found = []
    for _ in range(draw(st.integers(1, 6))):
        gateway = draw(st.sampled_from("ab"))
        chosen = sorted(draw(st.sets(st.integers(1, 12), min_size=1)))
        found.append((gateway, [entries[gateway, sequence] for sequence in chosen]))
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries(), st.booleans(), st.integers(1, 3))
def test_the_store_decides_as_the_book_does(
    batches: list[tuple[str, list[Record]]], as_messages: bool, at_once: int
) -> None:
    book = Book()
    with TemporaryDirectory() as folder, Store(Path(folder) / "authority.db") as store:
        for at in range(0, len(batches), at_once):
            some = batches[at : at + at_once]
            found = store.store_batches([_delivered(*one, as_messages) for one in some])
            assert found == [book.store(*one) for one in some]
        assert store.stored_ids() == set(book.positions)
        assert set(store.duplicates()) == book.duplicates
        kept = [(id_of(record), (gateway, record.sequence)) for gateway, record in store.records()]
        assert len(kept) == len(book.positions) and dict(kept) == book.positions
        assert [entry for _, entry in kept] == sorted(book.positions.values())


def _delivered(gateway: str, records: list[Record], as_message: bool) -> Delivered:
    if not as_message:
        return Delivered(gateway, records)
    sparse = records[-1].sequence - records[0].sequence + 1 != len(records)
    message = columnar.encode(Batch(gateway, records, sparse))
    return Delivered(gateway, decode_batch(message).records, message)


def test_a_batch_is_kept_as_it_came_and_small_ones_grow_together(tmp_path: Path) -> None:
    records = make_mix(2600, vehicles=50)
    path = tmp_path / "authority.db"
    message = columnar.encode(Batch("gw", records[:1000]))
    with Store(path) as store:
        store.store_batches([Delivered("gw", decode_batch(message).records, message)])
        for at in range(1000, 2600, 7):
            store.store("gw", records[at : at + 7])
        rows = store._database.execute("SELECT count, contents FROM run ORDER BY number").fetchall()
        assert rows[0] == (1000, message)
        assert len(rows) <= 4 and sum(count for count, _ in rows) == 2600
        assert [record for _, record in store.records()] == records
        assert [len(table) for _, table in store.tables()] == [count for count, _ in rows]


def test_a_journal_that_began_anew_stands_beside_the_old_one(tmp_path: Path) -> None:
    first, second = make_mix(300, seed=1), make_mix(300, seed=2)
    with Store(tmp_path / "authority.db") as store:
        assert store.store("gw", first[:150]) == store.store("gw", first[150:]) == Stored(150, 0, 0)
        assert store.store("gw", second) == Stored(300, 0, 0)
        found = [record for _, record in store.records()]
        assert sorted(found) == sorted(first + second)
        assert [record.sequence for record in found] == sorted(record.sequence for record in first + second)


def test_large_reports_do_not_make_large_runs(tmp_path: Path) -> None:
    records = [record._replace(body=record.body + bytes(60_000)) for record in make_mix(40, vehicles=2)]
    with Store(tmp_path / "authority.db") as store:
        for record in records:
            store.store("gw", [record])
        sizes = [table.bodies.size for _, table in store.tables()]
        assert max(sizes) <= positions.RUN_BODY_BYTES and sum(sizes) == sum(len(one.body) for one in records)


def test_the_newest_position_is_by_the_clock_of_the_device(tmp_path: Path) -> None:
    records = make_mix(900, vehicles=3)
    mine = [record for record in records if record.phone == records[0].phone]
    late = [record._replace(sequence=at) for at, record in enumerate(reversed(mine), 1)]
    timeless = late[0]._replace(sequence=5000, body=late[0].body[:22] + b"\xff" * 6 + late[0].body[28:])
    with Store(tmp_path / "authority.db") as store:
        assert store.last_position("13800138000") is None
        for at in range(0, len(late), 100):
            store.store("gw", late[at : at + 100])
        store.store("gw", [timeless])
        identity = mine[0].phone.lstrip("0")
        newest = store.last_position(identity)
        assert newest is not None and newest == store.track(identity)[-1]
        assert newest.received_ms == mine[-1].received_ms
        assert store.holds(mine[3].phone, mine[3].body) and not store.holds("13800138001", mine[3].body)
