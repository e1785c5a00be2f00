"""Scan-to-dispatch (扫码派单): one scan gives one order, which goes to the terminal's screen.

Every method that changes something runs within a turn of the book.
"""

from collections.abc import Callable
from dataclasses import dataclass

from protocols.driver_code.content import Content, Holder
from protocols.freight.registers import Driver

from ..commands import CommandError
from . import errands, life, waybills
from .book import Book
from .clock import Now
from .code_check import Checked, symbol_of
from .errands import Errand
from .orders import Order, with_driver
from .orders import checked as checked_order
from .registers import Registers
from .texts import TextError, order_text
from .trips import Trips
from .waybills import Waybill


@dataclass(frozen=True)
class DeskRules:
    """order_type: passthrough type of an order, 0 for text. order_life_ms: how long it may wait for its
    terminal."""

    presence_required: bool = True
    order_type: int = 0xF3
    order_life_ms: int = 3_600_000


class Dispatch:
    """terminal_of(plate, colour), edition_of(terminal): what the list of terminals says."""

    def __init__(
        self,
        book: Book,
        registers: Registers,
        trips: Trips,
        rules: DeskRules,
        *,
        terminal_of: Callable[[str, int], str | None],
        edition_of: Callable[[str], int | None],
    ) -> None:
        self._book, self._registers, self._trips, self._rules = book, registers, trips, rules
        self._terminal_of, self._edition_of = terminal_of, edition_of

    def refusal(self, checked: Checked, now: Now) -> tuple[str, str]:
        """(kind, words) why this scan gives no order; ("", "") when it may."""
        kind, words = checked.refusal(self._rules.presence_required)
        if kind or checked.content is None:
            return kind or "unreadable", words
        if not checked.content.plate:
            return "no_vehicle", "the code names no vehicle"
        if self._holder(checked.content) is None and self._is_stranger(checked.content, now):
            return "unknown_holder", "the holder of the code is not in the fleet's registers"
        return "", ""

    def order_for(self, checked: Checked, asked: Order) -> tuple[Order, str]:
        """The order with who and what was scanned, and its terminal. Raises CommandError, OrderError."""
        content = checked.content
        assert content is not None
        driver = self._holder(content)
        if driver is not None:
            asked = with_driver(asked, driver, content.plate, content.plate_colour)
        order = checked_order(asked)
        if faults := _not_the_scanned(order, content, driver):
            raise CommandError(faults, "order", "conflict")
        terminal = self._terminal_of(content.plate, content.plate_colour)
        if terminal is None:
            raise CommandError(f"no terminal is registered for {content.plate}", "code", "unknown")
        return order, terminal

    def dispatched(
        self, text: str, checked: Checked, order: Order, terminal: str, now: Now
    ) -> tuple[Waybill, bool]:
        """The waybill, and whether it is new. Raises CommandError."""
        symbol = symbol_of(text, checked, f"{order.number}/{order.serial}")
        scan = self._book.row("SELECT waybill FROM scan WHERE symbol = ?", symbol)
        if scan:
            found = waybills.by_id(self._book, scan[0])
            if (found.number, found.serial) != (order.number, order.serial):
                raise CommandError(f"this scan gave the order {found.key} already", "code", "conflict")
            return found, False
        waybill, _ = self._trips.create(order, now)
        if waybill.state not in life.BEFORE_DEPARTURE:
            raise CommandError(f"waybill {waybill.key} is {waybill.state}", "order", "conflict")
        waybill = self.sent(self._trips.dispatch(waybill, terminal, now), now)
        self._book.run("INSERT INTO scan VALUES (?, ?, ?)", symbol, waybill.id, now.ms)
        return waybill, True

    def sent(self, waybill: Waybill, now: Now) -> Waybill:
        """The order's errand to the terminal's screen, unless the gate holds the trip."""
        if waybill.held or waybill.state != life.DISPATCHED or waybill.document is None:
            return waybill
        order = Order(waybill.document, waybill.dangerous, waybill.route_sheet)
        try:
            text = order_text(order.number, order.words)
        except TextError:  # goods with letters that no terminal can show: the number is what counts
            text = order_text(order.number, "")
        until_ms = now.ms + self._rules.order_life_ms
        if self._rules.order_type:
            body = {"type": self._rules.order_type, "content": {"hex": text.hex()}}
            errands.add(self._book, Errand(0, waybill.terminal, errands.PASSTHROUGH, body, until_ms))
        else:
            edition = self._edition_of(waybill.terminal) or errands.EDITION_2019
            said = errands.text_to_driver(waybill.terminal, edition, text.decode("gbk"), until_ms)
            errands.add(self._book, said)
        return waybill

    def _holder(self, content: Content) -> Driver | None:
        snapshot = self._registers.snapshot
        return snapshot.driver_by_holder.get(content.identity_hash) if snapshot else None

    def _is_stranger(self, content: Content, now: Now) -> bool:
        """Whether registers that hold today do not know this driver: then nobody checks who scanned."""
        snapshot = self._registers.snapshot
        return (
            snapshot is not None
            and content.holder is Holder.DRIVER
            and now.s < snapshot.valid_until_s
            and content.identity_hash not in snapshot.driver_by_holder
        )


def _not_the_scanned(order: Order, content: Content, driver: Driver | None) -> str:
    """Why the order is not for who and what was scanned; empty when it is."""
    if order.vehicle != f"{content.plate}/{content.plate_colour}":
        return "vehicleInfo.vehicleNumber: not the vehicle of the code"
    if driver is not None and order.driver != driver.identity:
        return "vehicleInfo.driver: not the holder of the code"
    return ""
