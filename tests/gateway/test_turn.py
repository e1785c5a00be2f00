"""What every report costs in the loop: the twins in C change what the portable functions change, no more."""

from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway import turn
from edge_gateway.journal import group
from edge_gateway.journal.dedupe import PortableRing
from edge_gateway.journal.origin import Origin
from edge_gateway.journal.packed import pack_reports
from edge_gateway.journal.rows import PortableRows
from edge_gateway.journal.terminals import PortableState, TerminalBook, settle_portable
from edge_gateway.session import Session, SessionLimits, table
from protocols.monitoring.records import LIVE, MESSAGE
from protocols.wire.header import parse_header

from .support import PHONE_2013, PHONE_2019, body_of, frame

hotpath = pytest.importorskip(
    "edge_gateway._hotpath", reason="the twins in C are not built, or DIANYUN_PURE is set"
)
TWINS = {
    "take_read": (hotpath.take_read, turn.take_read_portable),
    "hand_out": (hotpath.hand_out, turn.hand_out_portable),
    "write_out": (hotpath.write_out, turn.write_out_portable),
    "collect": (hotpath.collect, group.collect_portable),
}


class Line:
    """A connection as far as the twins know one, over a real session."""

    def __init__(self, phone: str, closing: bool) -> None:
        header = parse_header(frame(0x0102, b"", 0, phone)[1:-2])
        self.session = Session(None, SessionLimits(), Counter(), 0)  # type: ignore[arg-type]
        self.session.intake.adopt(header, header.edition)
        self.session.state = table.ONLINE
        self.session.between = True
        self.held, self.out, self.reading, self.governed = 0, b"", not closing, 0
        self.sent: list[bytes] = []
        self.transport = None if phone == "" else self
        self._closing = closing

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def govern_reading(self) -> None:
        self.governed += 1

    def seen(self) -> tuple:
        session = self.session
        return (
            self.held, self.out, self.governed, self.sent, session.heard_ms, session.between,
            session.intake.speaker.serial, bytes(session.out), session.counters, session.due_serial,
        )  # fmt: skip


class World:
    """Two terminals and a journal whose writer is not there."""

    def __init__(self, which: int, bound: int) -> None:
        self.take_read, self.hand_out, self.write_out, _ = (pair[which] for pair in TWINS.values())
        self.lines = [Line(PHONE_2013, False), Line(PHONE_2019, False), Line(PHONE_2013, True)]
        self.journal = SimpleNamespace(pending=[], submitted=0, bound=bound, dues=0, due=self._due)

    def _due(self) -> None:
        self.journal.dues += 1

    def read(self, index: int, data: bytes, now_ms: int) -> tuple:
        line = self.lines[index]
        count = self.take_read(line, data, now_ms, 10 * now_ms, self.journal, "release")
        if not count:
            line.session.receive(data, now_ms)
        long_way = [one[1:] for one in line.session.submissions()]
        return count, long_way, line.seen(), self.journal.submitted, self.journal.dues

    def pending(self) -> list[tuple]:
        return [
            (origin.identity, *fields, self.lines.index(ticket[0]), *ticket[1:])
            for origin, *fields, ticket in self.journal.pending
        ]


def pieces(index: int) -> st.SearchStrategy[bytes]:
    phone = (PHONE_2013, PHONE_2019, PHONE_2013)[index]
    plain = st.builds(
        lambda n, size: frame(0x0200, body_of(n) + bytes([0x7D, 0x7E] * size), n, phone),
        st.integers(0, 0xFFFF),
        st.integers(0, 3),
    )
    return st.one_of(
        plain, plain, plain,
        st.lists(plain, min_size=2, max_size=4).map(b"".join),
        plain.map(lambda data: data[: len(data) // 2]),
        plain.map(lambda data: data[:-2] + b"\x00\x7e"),
        st.just(frame(0x0002, b"", 1, phone)),
        st.just(frame(0x0200, body_of(1), 1, PHONE_2019 if phone == PHONE_2013 else PHONE_2013)),
        st.binary(max_size=20),
        st.just(b"\x7e"),
    )  # fmt: skip


READS = st.integers(0, 2).flatmap(lambda index: st.tuples(st.just(index), pieces(index), st.integers(1, 3)))


@settings(max_examples=150, deadline=None)
@given(st.lists(READS, max_size=12), st.sampled_from([-1, 3, 1000]))
def test_reads_are_taken_and_answered_alike(reads: list, bound: int) -> None:
    worlds = [World(which, bound) for which in (0, 1)]
    for index, data, now_ms in reads:
        native, portable = (world.read(index, data, now_ms) for world in worlds)
        assert native == portable
    assert worlds[0].pending() == worlds[1].pending()
    told = []
    for world in worlds:
        touched: list = []
        waited = world.hand_out(world.journal.pending, touched)
        outs = [line.out for line in world.lines]
        world.write_out(touched)
        told.append(
            (waited, outs, list(map(world.lines.index, touched)), [line.seen() for line in world.lines])
        )
    assert told[0] == told[1]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 20), max_size=4)), max_size=20),
    st.tuples(st.integers(1, 30), st.integers(28, 600), st.integers(1, 6)),
)
def test_submissions_are_collected_alike(sent: list, limits: tuple[int, int, int]) -> None:
    origins = [Origin(f"{13_800_138_000 + at:012d}", 2013) for at in range(4)]
    origins.append(Origin(origins[0].phone, 2019))  # the same terminal on another connection
    submissions: list = []
    for at, (index, numbers) in enumerate(sent):
        packed = pack_reports([(1, LIVE, bytes([number]) * 28) for number in numbers])
        submissions.append((origins[index], 5, packed, len(numbers), "release", at))
    results = []
    for collect in TWINS["collect"]:
        book, at, groups = TerminalBook(), 0, []
        while at < len(submissions):
            rows, indexes, states = group.Rows(), {}, []
            duplicates, waiting, safe = Counter[int](), [], []
            begin = at
            while True:
                at = collect(
                    rows, submissions, at, indexes, states, book.states, duplicates, waiting, safe, limits
                )
                full = rows.count >= limits[0] or rows.body_bytes >= limits[1] or len(states) >= limits[2]
                if at == len(submissions) or full:
                    break
                book.state(submissions[at][0].identity)
            assert at > begin
            rows.apply([state.recent for state in states])
            groups.append((at, rows.count, [origin.phone for origin in indexes], duplicates, waiting, safe))
        results.append(groups)
    assert results[0] == results[1]


def collected(collect, origins: list, sent: list, limits: tuple[int, int, int]) -> list:
    """What a collect over portable rows makes of it: each group, and in the end every ring."""
    submissions: list = []
    for at, (index, numbers, size) in enumerate(sent):
        bodies = [number.to_bytes(2, "big") * (size // 2) for number in numbers]
        reports = [(at, MESSAGE if size == 30 and at % 7 == 0 else LIVE, body) for body in bodies]
        submissions.append((origins[index], 5 + at % 3, pack_reports(reports), len(reports), "release", at))
    known: dict = {}
    at, groups = 0, []
    while at < len(submissions):
        rows, indexes, states, duplicates = PortableRows(), {}, [], Counter[int]()
        waiting, safe = [], []
        while True:
            at = collect(rows, submissions, at, indexes, states, known, duplicates, waiting, safe, limits)
            full = rows.count >= limits[0] or rows.body_bytes >= limits[1] or len(states) >= limits[2]
            if at == len(submissions) or full:
                break
            identity = submissions[at][0].identity
            known[identity] = SimpleNamespace(recent=PortableRing())
        rows.apply([state.recent for state in states])
        times = rows.earliest_ms, rows.latest_ms, rows.longest
        taken = rows.counts(len(states)), rows.columns(8, 4), rows.body_bytes, times
        groups.append((at, *taken, list(indexes.items()), duplicates, waiting, safe))
    return [*groups, {identity: state.recent.pack() for identity, state in known.items()}]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.lists(st.integers(0, 0xFFFF), max_size=6),
            st.sampled_from([28, 28, 28, 30]),
        ),
        max_size=30,
    ),
    st.integers(1, 9),
    st.tuples(st.sampled_from([5, 40, 8192]), st.sampled_from([600, 1 << 20]), st.sampled_from([2, 6, 99])),
)
def test_many_submissions_are_collected_as_each(sent: list, times: int, limits: tuple[int, int, int]) -> None:
    origins = [Origin(f"{13_800_138_000 + at:012d}", 2013) for at in range(4)]
    origins.append(Origin(origins[0].phone, 2019))
    # Again and again, but other numbers: some repeat, most are new.
    repeated = [
        (index, [number + time & 0xFFFF for number in numbers], size)
        for time in range(times)
        for index, numbers, size in sent
    ]
    one_by_one = collected(group.collect_portable, origins, repeated, limits)
    assert collected(group.collect_in_runs, origins, repeated, limits) == one_by_one


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 20), max_size=4)), max_size=12),
    st.dictionaries(st.integers(0, 3), st.integers(1, 5)),
    st.sets(st.integers(0, 3)),
)
def test_terminals_learn_alike_from_a_commit(sent: list, duplicates: dict, noted: set) -> None:
    known = []
    for settle, rows, make_state, ring in (
        (hotpath.settle, hotpath.Rows(), hotpath.TerminalState, hotpath.RecentIds()),
        (settle_portable, PortableRows(), PortableState, PortableRing()),
    ):
        states = [make_state(f"1380013800{index}") for index in range(4)]
        for state in states:
            state.recent = type(ring)()
        for at, (index, numbers) in enumerate(sent):
            packed = pack_reports([(1, LIVE, bytes([number]) * 28) for number in numbers])
            rows.add(index, at, packed, states[index].identity.encode() + b"\0", states[index].recent)
        unsaved = {states[index].identity: 1 for index in sorted(noted)}
        settle(rows, states, Counter(duplicates), unsaved, 7)
        totals = [(one.identity, one.journalled, one.duplicates, one.recent.pack()) for one in states]
        known.append((totals, list(unsaved.items())))
    assert known[0] == known[1]


def test_a_terminal_or_a_number_that_is_not_there_is_refused() -> None:
    rows = hotpath.Rows()
    with pytest.raises(TypeError):
        hotpath.settle(rows, [PortableState("1")], Counter(), {}, 1)
    with pytest.raises(ValueError, match="not there"):
        hotpath.settle(rows, [], Counter({3: 1}), {}, 1)
    with pytest.raises(TypeError):
        hotpath.settle(rows, [], {})


def test_what_is_not_to_be_taken_apart_is_refused() -> None:
    for name, (native, _) in TWINS.items():
        with pytest.raises(TypeError):
            native(1) if name == "write_out" else native(1, 2)
    with pytest.raises(TypeError):
        hotpath.hand_out([("no submission",)], [])
    with pytest.raises(AttributeError):
        hotpath.write_out([object()])
