"""What the journal's records say about freight: 0x0701, 0x0702, and the positions of who carries a waybill.

One run of records is one turn of the book, with the place in the journal; what is read twice counts once. A
record that cannot be read costs itself.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final

from protocols.freight.values import seconds_of
from protocols.jt808 import walk
from protocols.monitoring.records import MESSAGE, Record
from protocols.wire.bcd import identity_of
from protocols.wire.errors import ProtocolError

from ..log import event
from . import track, waybills
from .book import Book
from .clock import Now
from .places import Place
from .registers import Registers
from .texts import TextError, read_report
from .trips import Trips

WAYBILL: Final = 0x0701
DRIVER: Final = 0x0702
LATE_S: Final = 7 * 86400  # a blind zone's positions come within days, or nobody waits for them
_CARD_IN: Final = 1
_EDITION_2011: Final = 2011
_log = logging.getLogger(__name__)


class Intake:
    """`take(place, records, now)`; counts: of what could not be read."""

    def __init__(self, book: Book, registers: Registers, trips: Trips) -> None:
        self._book, self._registers, self._trips = book, registers, trips
        self.counts: Counter[str] = Counter()
        self._followed: set[str] = set()
        self._stale = True

    def take(self, place: Place, records: Sequence[Record], now: Now) -> None:
        """A run of one journal; `place` moves. Raises StoreError: then nothing of it was taken."""
        if self._stale:
            self._followed, self._stale = waybills.followed(self._book, now.s - LATE_S), False
        news = [each for each in records if each.sequence > place.cursor and self._matters(each)]
        if news:
            try:
                self._turn(place, news, now)
            except (
                ArithmeticError,
                LookupError,
                TypeError,
                ValueError,
            ):  # a bug with one of them: find it alone
                _log.exception("a record of freight; each of them alone now")
                for each in news:
                    self._alone(place, each, now)
        if records:
            place.cursor = max(place.cursor, records[-1].sequence)

    def _turn(self, place: Place, news: Sequence[Record], now: Now) -> None:
        with self._book.turn():
            for each in news:
                self._one(place, each, now)
            self._book.keep(place.key, news[-1].sequence)
        place.cursor = news[-1].sequence  # at once: when a later one fails, what stands is not taken again

    def _alone(self, place: Place, record: Record, now: Now) -> None:
        try:
            self._turn(place, [record], now)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            self.counts["skipped"] += 1
            _log.exception("record %d is not taken into freight", record.sequence)

    def _matters(self, record: Record) -> bool:
        """Whether it may change anything; a load report may change what matters later in the same run."""
        if record.kind == MESSAGE:
            if record.message_id == WAYBILL:
                self._followed.add(identity_of(record.phone))
                self._stale = True
            return record.message_id in (WAYBILL, DRIVER)
        return identity_of(record.phone) in self._followed

    def _one(self, place: Place, record: Record, now: Now) -> None:
        terminal = identity_of(record.phone)
        try:
            if record.kind != MESSAGE:
                self._position(terminal, place.base + record.sequence, record, now)
            elif record.message_id == WAYBILL:
                values = walk.decode_body(WAYBILL, record.edition, record.body)
                self._trips.on_load_report(terminal, read_report(values["content"]), now)
            else:
                self._card(terminal, record, now)
        except (ProtocolError, TextError) as error:
            self.counts["unreadable"] += 1
            event(
                _log,
                logging.INFO,
                "not read into freight",
                terminal=terminal,
                sequence=record.sequence,
                why=str(error),
            )

    def _position(self, terminal: str, number: int, record: Record, now: Now) -> None:
        point = track.point_of(record.edition, record.body)
        if point is not None:
            self._trips.on_position(terminal, point, (number, record.edition, record.body), now)

    def _card(self, terminal: str, record: Record, now: Now) -> None:
        values = walk.decode_body(DRIVER, record.edition, record.body)
        if record.edition == _EDITION_2011:  # it knows no card out and no time
            at_s, inserted = record.received_ms // 1000, True
        else:
            at_s = seconds_of("20" + values["time_bcd"].hex()) or record.received_ms // 1000
            inserted = values["status"] == _CARD_IN
            if inserted and values.get("name") is None:
                return  # the card could not be read: nobody is in
        self._trips.on_card(terminal, self._driver_of(values), inserted, at_s, now)

    def _driver_of(self, values: dict[str, object]) -> str:
        """The identity number behind what a card says; empty for a stranger without one."""
        identity, qualification = _text(values.get("id_number")), _text(values.get("qualification"))
        snapshot = self._registers.snapshot
        if snapshot is not None and qualification in snapshot.driver_by_qualification and not identity:
            return snapshot.driver_by_qualification[qualification].identity
        return identity


def _text(value: object) -> str:
    """Text of a card: GBK, filled up with zeros or spaces."""
    return value.decode("gbk", "replace").strip("\0 ") if isinstance(value, bytes) else str(value or "")
