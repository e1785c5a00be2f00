"""The CBOR items of a snapshot, written and read: every value's type is checked, nothing is signed here."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeVar

from protocols.driver_code.content import IDENTITY_HASH_BYTES, Colour

from .certificates import Certificate, Paper, Status
from .registers import ENTRIES_MAX, Blacklisted, Company, Driver, Register, Snapshot, SnapshotError, Vehicle

PAPERS_MAX: Final = 20  # of one holder
_T = TypeVar("_T")


def items_of(snapshot: Snapshot) -> Iterator[list[Any]]:
    """What is written, item by item: the head with the counts, then each entry of each register."""
    registers = (snapshot.companies, snapshot.vehicles, snapshot.drivers, snapshot.blacklist)
    yield [
        snapshot.sequence,
        snapshot.audience,
        snapshot.issued_s,
        snapshot.valid_until_s,
        *map(len, registers),
    ]
    for company in snapshot.companies:
        yield [company.company_id, company.name, _papers_out(company.papers)]
    yield from map(_vehicle_out, snapshot.vehicles)
    yield from map(_driver_out, snapshot.drivers)
    for entry in snapshot.blacklist:
        yield [entry.register.value, entry.subject, entry.words]


def snapshot_of(items: Iterator[Any]) -> Snapshot:
    """The inverse. Raises SnapshotError, naming the field, for what no snapshot has."""
    try:
        sequence, audience, issued_s, valid_until_s, *counts = next(items)
        companies, vehicles, drivers, blacklist = (islice(items, _count(each)) for each in counts)
        snapshot = Snapshot(
            _typed(sequence, int),
            _typed(audience, str),
            _typed(issued_s, int),
            _typed(valid_until_s, int),
            tuple(Company(_typed(i, str), _typed(n, str), _papers_in(p)) for i, n, p in companies),
            tuple(_vehicle_in(*each) for each in vehicles),
            tuple(_driver_in(*each) for each in drivers),
            tuple(Blacklisted(Register(r), _typed(s, str), _typed(w, str)) for r, s, w in blacklist),
        )
        registers = (snapshot.companies, snapshot.vehicles, snapshot.drivers, snapshot.blacklist)
        if [len(each) for each in registers] != counts:
            raise SnapshotError("snapshot: it ends before its last entry")
        return snapshot
    except SnapshotError:
        raise
    except (ValueError, TypeError, StopIteration) as error:
        raise SnapshotError(f"snapshot: {error or 'it is cut short'}") from None


def _count(value: Any) -> int:
    count = _typed(value, int)
    if not 0 <= count <= ENTRIES_MAX:
        raise SnapshotError(f"snapshot: {count} entries of a register, 0 to {ENTRIES_MAX} are possible")
    return count


def _vehicle_out(each: Vehicle) -> list[Any]:
    return [
        each.plate,
        each.colour,
        each.company_id,
        each.vehicle_type,
        each.tonnage,
        each.gross,
        each.dangerous,
        list(each.classes),
        each.annual_check_until,
        each.terminal,
        _papers_out(each.papers),
    ]


def _driver_out(each: Driver) -> list[Any]:
    colour = None if each.colour is None else int(each.colour)
    return [each.identity, each.name, each.holder, colour, list(each.causes), _papers_out(each.papers)]


def _papers_out(papers: tuple[Certificate, ...]) -> list[list[Any]]:
    return [
        [
            c.paper.value,
            c.number,
            c.holder,
            c.holder_id,
            c.valid_from,
            c.valid_to,
            c.issuer,
            c.plate,
            c.plate_colour,
            list(c.classes),
            sorted(c.scope),
            c.status.value,
        ]
        for c in papers
    ]


def _vehicle_in(*members: Any) -> Vehicle:
    plate, colour, company, kind, tonnage, gross, dangerous, classes, check, terminal, papers = members
    return Vehicle(
        _typed(plate, str),
        _typed(colour, str),
        _typed(company, str),
        _typed(kind, str),
        _typed(tonnage, int),
        _typed(gross, int),
        _typed(dangerous, bool),
        _texts(classes),
        _typed(check, str),
        _typed(terminal, str),
        _papers_in(papers),
    )


def _driver_in(*members: Any) -> Driver:
    identity, name, holder, colour, causes, papers = members
    if len(_typed(holder, bytes)) not in (0, IDENTITY_HASH_BYTES):
        raise SnapshotError(f"holder: {IDENTITY_HASH_BYTES} bytes or none are needed")
    return Driver(
        _typed(identity, str),
        _typed(name, str),
        holder,
        None if colour is None else Colour(colour),
        _texts(causes),
        _papers_in(papers),
    )


def _papers_in(papers: Any) -> tuple[Certificate, ...]:
    if len(papers) > PAPERS_MAX:
        raise SnapshotError(f"papers: at most {PAPERS_MAX} of one holder")
    return tuple(
        Certificate(
            Paper(paper),
            _typed(number, str),
            _typed(holder, str),
            _typed(holder_id, str),
            _typed(valid_from, str),
            _typed(valid_to, str),
            _typed(issuer, str),
            _typed(plate, str),
            _typed(colour, str),
            _texts(classes),
            frozenset(_texts(scope)),
            Status(status),
        )
        for (
            paper,
            number,
            holder,
            holder_id,
            valid_from,
            valid_to,
            issuer,
            plate,
            colour,
            classes,
            scope,
            status,
        ) in papers
    )


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_typed(each, str) for each in _typed(values, list))


def _typed(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:  # True is no number here
        raise SnapshotError(f"a value of {type(value).__name__} where {kind.__name__} is needed")
    return value
