"""Trips: what is reported or asked becomes events of a waybill's life, verdicts, texts, documents, evidence.

Every method runs within a turn of the book. Time is an argument; what is to be said to a terminal is an
errand. Must not block, must not ask anybody.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from protocols.freight.documents import Kind

from ..log import event
from . import cards, kept, life, track, waybills
from .book import Book
from .clock import Now
from .closing import Closing
from .gate import Moment
from .gatekeeper import Gatekeeper
from .naming import lane_of
from .orders import Order
from .texts import LoadReport
from .waybills import Waybill

SERIAL_SINGLE: Final = "0000"
MOVING_DKMH: Final = 50
TYPED_IN_MAX: Final = 100  # waybills of one terminal that no order tells of: more is no driver at a keypad
TRACK_MAX: Final = 200_000  # positions of one waybill: three weeks of one in 10 s
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """location_delay_s: after unloading, for positions that come late. moving_dkmh: from which speed a truck
    is under way."""

    location_delay_s: int = 60
    moving_dkmh: int = MOVING_DKMH


class Trips:
    """gate: looks at each trip; closing: makes its documents. counts: of steps, and of what did not fit."""

    def __init__(self, book: Book, gate: Gatekeeper, closing: Closing, rules: Rules) -> None:
        self._book, self.gate, self.closing, self._rules = book, gate, closing, rules
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Counter[str]:
        """Of steps, decisions and documents, since the start."""
        return self._counts + self.gate.counts + self.closing.counts

    # What the company says.

    def create(self, order: Order, now: Now) -> tuple[Waybill, bool]:
        """The waybill of an order, and whether it is new. Another order of its name changes it before
        departure, or fills in what was typed in at the keypad."""
        found = waybills.find(self._book, order.number, order.serial)
        if found is not None and found.state not in life.BEFORE_DEPARTURE and found.document:
            return found, False
        known = found or Waybill(order.number, order.serial)
        changed = replace(
            known, vehicle=order.vehicle, driver=known.driver or order.driver, company=order.company,
            dangerous=order.dangerous, document=order.document, route_sheet=order.route_sheet,
            enterprise=order.enterprise,
        )  # fmt: skip
        if found == changed:
            return changed, False
        changed = waybills.save(self._book, changed, now.ms)
        self.gate.note(changed, "changed" if found else "created", now, {})
        if changed.state == life.UNLOADED:  # the company told of it after the trip
            self.closing.waybill(changed, now)
        return changed, found is None

    def dispatch(self, waybill: Waybill, terminal: str, now: Now) -> Waybill:
        """The gate, and then the order's place in the life; the errand of the screen is the caller's."""
        waybill = replace(waybill, terminal=terminal)
        waybill = self.gate.look(waybill, Moment.DISPATCH, now)
        return waybill if waybill.held else self._go(waybill, life.DISPATCH, now, {"terminal": terminal})

    def cancel(self, waybill: Waybill, now: Now) -> Waybill:
        """Takes an order back before departure."""
        return self._go(waybill, life.CANCEL, now, {})

    def pay(self, keys: list[str], document: str, now: Now) -> None:
        """The monitoring system took a funds document that lists these waybills. One that came before the
        end of the trip pays at its end."""
        for waybill in self._named(keys):
            if life.following(waybill.state, life.PAY):
                self._go(waybill, life.PAY, now, {"document": document})

    def unpaid(self, keys: list[str], document: str, why: list[str], now: Now) -> None:
        """It refused the funds document: the life stays where it is, and says so."""
        for waybill in self._named(keys):
            self._counts["payment_refused"] += 1
            self.gate.note(waybill, "payment refused", now, {"document": document, "why": why})

    def set_aside(self, waybill: Waybill, codes: list[str], who: str, reason: str, now: Now) -> Waybill:
        """The company lets a trip go in spite of these codes."""
        waybill = replace(waybill, aside=sorted({*waybill.aside, *codes}))
        self.gate.note(waybill, "override", now, {"codes": list(codes), "by": who, "reason": reason})
        return self.gate.look(waybill, Moment.DISPATCH, now)

    # What terminals report.

    def on_load_report(self, terminal: str, report: LoadReport, now: Now) -> None:
        """0x0701 of ours."""
        place = (
            None
            if report.latitude_udeg is None or report.longitude_udeg is None
            else (report.latitude_udeg, report.longitude_udeg)
        )
        waybill = waybills.reported(self._book, terminal, report.number) or self._assigned(
            terminal, report.number, now
        )
        if waybill is None:
            return
        at = Now(report.at_s * 1000)
        if report.loaded:
            self._loaded(replace(waybill, terminal=terminal), report, place, at, now)
        elif life.following(waybill.state, life.UNLOAD):
            waybill = replace(
                waybill, unloaded_s=report.at_s, unload_place=place,
                location_due_s=now.s + self._rules.location_delay_s,
            )  # fmt: skip
            waybill = self._go(waybill, life.UNLOAD, at, _place(place))
            self.closing.waybill(waybill, now)
            for funds in kept.taken_in_lane(self._book, lane_of(waybill.key), Kind.FUNDS):
                self.pay([waybill.key], funds.name, now)
        else:
            self._odd(waybill, life.UNLOAD, terminal)

    def on_card(self, terminal: str, driver: str, inserted: bool, at_s: int, now: Now) -> None:
        """0x0702: a driver's card went in (driver: identity number, empty for one that nobody knows) or
        out."""
        if not inserted:
            cards.taken_out(self._book, terminal, at_s)
            return
        cards.put_in(self._book, terminal, driver, at_s)
        carried = waybills.of_terminal(self._book, terminal)
        for waybill in carried:
            if waybill.state in life.BEFORE_DEPARTURE:
                self.gate.look(replace(waybill, driver=driver or waybill.driver), Moment.CARD, now)
        if not carried:
            self.gate.look_at_card(terminal, driver, now)

    def on_position(
        self, terminal: str, point: track.Point, record: tuple[int, int, bytes], now: Now
    ) -> None:
        """A report of a terminal that carries a waybill, or carried it at that time. record: as kept."""
        waybill = (
            waybills.reported(self._book, terminal, point.waybill) if point.waybill else None
        ) or waybills.carrying_at(self._book, terminal, point.time_s)
        if waybill is None or not _within(waybill, point.time_s):
            return
        if waybills.track_length(self._book, waybill) >= TRACK_MAX:
            self._counts["track_full"] += 1
            return
        if not waybills.add_position(self._book, waybill, point.time_s, record):
            return
        self._counts["positions"] += 1
        if waybill.state == life.LOADED and point.speed_dkmh >= self._rules.moving_dkmh:
            self._departs(waybill, Now(point.time_s * 1000), now)
        elif waybill.state in life.OVER:  # a late one: the track is told again, as its next revision
            waybills.save(
                self._book, replace(waybill, location_due_s=now.s + self._rules.location_delay_s), now.ms
            )

    def on_registers(self, now: Now) -> None:
        """The registers changed: what has not departed is looked at again, a red code stops it."""
        for state, moment in ((life.DISPATCHED, Moment.DISPATCH), (life.LOADED, Moment.LOADING)):
            before = 0
            while page := waybills.listed(self._book, state, before, waybills.LISTED_MAX):
                before = page[-1].id
                for waybill in page:
                    self.gate.look(waybill, moment, now, only_changes=True)

    # Below: the steps.

    def _named(self, keys: list[str]) -> Iterator[Waybill]:
        """Those of these names that are known here."""
        for key in dict.fromkeys(keys):
            number, _, serial = key.partition("/")
            if (waybill := waybills.find(self._book, number, serial)) is not None:
                yield waybill

    def _loaded(
        self, waybill: Waybill, report: LoadReport, place: tuple[int, int] | None, at: Now, now: Now
    ) -> None:
        if not life.following(waybill.state, life.LOAD):
            self._odd(waybill, life.LOAD, waybill.terminal)
            return
        driver = waybill.driver or cards.driver_at(self._book, waybill.terminal)
        waybill = self.gate.look(replace(waybill, driver=driver), Moment.LOADING, now)
        self._go(replace(waybill, loaded_s=report.at_s, load_place=place), life.LOAD, at, _place(place))

    def _departs(self, waybill: Waybill, at: Now, now: Now) -> None:
        """A route sheet or paper may have ended between loading and departure."""
        waybill = self.gate.look(waybill, Moment.DEPARTURE, now, only_changes=True)
        if waybill.held:
            self._counts["departed_held"] += 1
            self.gate.note(
                waybill, "departed in spite of the gate", now, {"held": [each[0] for each in waybill.held]}
            )
            self.gate.tell(waybill.terminal, f"【停运】运单{waybill.number}未获放行,请立即停车。", now)
        self._go(waybill, life.MOVE, at, {})

    def _assigned(self, terminal: str, number: str, now: Now) -> Waybill | None:
        """A waybill that was typed in: the company's of that number for this vehicle, else a new one; None
        when the terminal made up TYPED_IN_MAX already."""
        vehicle = self.gate.vehicle_of(terminal)
        serial = SERIAL_SINGLE
        for each in waybills.numbered(self._book, number):
            if (
                each.vehicle in ("", vehicle)
                and each.terminal in ("", terminal)
                and each.state not in life.OVER
            ):
                return each
            serial = max(serial, f"{int(each.serial) + 1:04d}" if each.serial.isdecimal() else serial)
        if waybills.typed_in(self._book, terminal) >= TYPED_IN_MAX:
            self._counts["typed_in_full"] += 1
            event(_log, logging.WARNING, "waybill not taken: too many without an order", terminal=terminal)
            return None
        driver = cards.driver_at(self._book, terminal)
        fresh = Waybill(number, serial, terminal=terminal, vehicle=vehicle, driver=driver)
        return waybills.save(self._book, fresh, now.ms)

    def _go(self, waybill: Waybill, step: str, at: Now, detail: Mapping[str, Any]) -> Waybill:
        """One step along the table, written down as event and evidence. at: when it happened."""
        state = life.following(waybill.state, step)
        if state is None:
            self._odd(waybill, step, waybill.terminal)
            return waybill
        moved = waybills.save(self._book, replace(waybill, state=state), at.ms)
        self._counts[f"step_{step}"] += 1
        self.gate.note(moved, step, at, detail)
        event(_log, logging.INFO, "waybill", waybill=moved.key, state=state, terminal=moved.terminal)
        return moved

    def _odd(self, waybill: Waybill, step: str, terminal: str) -> None:
        """A report that does not fit the life: told, counted, and the life stays as it is."""
        self._counts["out_of_order"] += 1
        event(
            _log,
            logging.WARNING,
            "out of order",
            waybill=waybill.key,
            state=waybill.state,
            step=step,
            terminal=terminal,
        )


def _place(place: tuple[int, int] | None) -> dict[str, Any]:
    return {} if place is None else {"latitude_udeg": place[0], "longitude_udeg": place[1]}


def _within(waybill: Waybill, second: int) -> bool:
    if waybill.loaded_s is None or second < waybill.loaded_s:
        return False
    return waybill.unloaded_s is None or second <= waybill.unloaded_s
