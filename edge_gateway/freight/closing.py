"""The end of a trip: what was found out on the way becomes documents. Every method runs within a turn of
the book."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from protocols.freight.documents import Kind
from protocols.freight.values import time_text

from ..log import event
from . import track, waybills
from .book import Book
from .clock import Now
from .outbox import Submission
from .proof import Evidence
from .registers import Registers
from .waybills import Waybill

_log = logging.getLogger(__name__)
# Takes a document in: released, checked, kept; who hands it in, now.
Submit = Callable[[Submission, str, int], object]


class Closing:
    """interval_s: between two positions of a location document."""

    def __init__(
        self, book: Book, registers: Registers, evidence: Evidence, submit: Submit, interval_s: int
    ) -> None:
        self._book, self._registers, self._evidence = book, registers, evidence
        self._submit, self._interval_s = submit, interval_s
        self.counts: Counter[str] = Counter()

    def tick(self, now: Now) -> None:
        """Location documents that are due. One that cannot be made costs itself."""
        for waybill in waybills.due(self._book, now.s):
            try:
                self._submit_track(waybill, now)
            except (ArithmeticError, LookupError, TypeError, ValueError):
                self.counts["skipped"] += 1
                _log.exception("no location document of waybill %s", waybill.key)
                waybills.save(self._book, replace(waybill, location_due_s=None), now.ms)

    def waybill(self, waybill: Waybill, now: Now) -> None:
        """WLHY_YD1001 once the trip told the rest of it."""
        if waybill.document is None:
            event(
                _log,
                logging.WARNING,
                "waybill without an order",
                waybill=waybill.key,
                terminal=waybill.terminal,
            )
            return
        times = {
            "despatchActualDateTime": time_text(waybill.loaded_s or 0),
            "goodsReceiptDateTime": time_text(waybill.unloaded_s or 0),
        }
        vehicle = dict(waybill.document["vehicleInfo"])
        if waybill.serial[2:] != "00":
            vehicle |= times
        document = {
            **waybill.document,
            **times,
            "vehicleInfo": vehicle,
            "sendToProDateTime": time_text(now.s),
        }
        self._submit(Submission(Kind.WAYBILL, document, waybill.enterprise), "gateway", now.ms)

    def _submit_track(self, waybill: Waybill, now: Now) -> None:
        """WLHY_WZ1001 over all positions that are there by now, and their root in the evidence."""
        waybill = waybills.save(self._book, replace(waybill, location_due_s=None), now.ms)
        bodies = waybills.positions(self._book, waybill)
        points = [point for edition, body in bodies if (point := track.point_of(edition, body)) is not None]
        document = track.location_document(self._trip_of(waybill), points, self._interval_s)
        if document is None:
            event(
                _log,
                logging.WARNING,
                "waybill without positions",
                waybill=waybill.key,
                terminal=waybill.terminal,
            )
            return
        self._evidence.cover(waybill, now.ms)
        self._submit(Submission(Kind.LOCATION, document, waybill.enterprise), "gateway", now.ms)

    def _trip_of(self, waybill: Waybill) -> track.Trip:
        document = waybill.document or {}
        consignor, consignee = document.get("consignorInfo", {}), document.get("consigneeInfo", {})
        plate, _, colour = waybill.vehicle.rpartition("/")
        return track.Trip(
            waybill.number,
            waybill.serial,
            plate,
            colour,
            self._driver_name(waybill),
            waybill.driver,
            (waybill.load_place, waybill.unload_place),
            (consignor.get("countrySubdivisionCode", ""), consignee.get("countrySubdivisionCode", "")),
            (consignor.get("placeOfLoading", ""), consignee.get("goodsReceiptPlace", "")),
        )

    def _driver_name(self, waybill: Waybill) -> str:
        snapshot = self._registers.snapshot
        known = snapshot.driver_by_identity.get(waybill.driver) if snapshot else None
        if known is not None:
            return known.name
        drivers = (waybill.document or {}).get("vehicleInfo", {}).get("driver", [])
        return next(
            (str(each["driverName"]) for each in drivers if each["drivingLicense"] == waybill.driver), ""
        )
