"""The roadside query (路查): where a vehicle is, its papers, its driver's code, what needs a closer look.

What is given depends on the purpose: supervision is a statutory duty and gets it all; any other purpose
gets a class of data only with the person's consent, and positions rounded. What was kept back is named,
so that an empty answer is never taken for a clean one. Every question is in the audit, with the names of
what was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Protocol

from protocols.freight.consent import Purpose
from protocols.freight.masking import RULES
from protocols.freight.registers import Register
from protocols.freight.values import day_text

from .books.book import BookError
from .books.consents import Audit, Audited, Consents
from .books.registry import PaperRecord, VehicleRecord
from .bureau import Bureau
from .codes import HolderRecord
from .store import TrackPoint

ROUTE: Final = "route"
ROUTE_POINTS_MAX: Final = 500
_METRES_PER_UDEG: Final = 0.111_195
SILENT_S: Final = 3600  # ours: a position older than that is marked


class Positions(Protocol):
    """Where the newest position of a terminal comes from."""

    def last_position(self, identity: str) -> TrackPoint | None:
        """See `Store`."""


@dataclass(frozen=True)
class Question:
    """account: who asks. purpose: what for. key: of the vehicle. holder: of a code that was shown."""

    account: str
    purpose: Purpose
    key: str
    holder: bytes = b""


class Roadside:
    """Answers questions. Raises KeyError for a vehicle that nobody knows."""

    def __init__(self, bureau: Bureau, positions: Callable[[], Positions]) -> None:
        self._bureau, self._positions = bureau, positions
        self._consents, self._audit = Consents(bureau.book), Audit(bureau.book)

    def ask(self, question: Question) -> dict[str, Any]:
        """The answer for JSON: vehicle, licences, position, code, warnings, withheld."""
        now_s = self._bureau.clock()
        vehicle = self._bureau.registry.vehicle(question.key)
        if vehicle is None:
            raise KeyError("no such vehicle")
        drivers = self._drivers(question)
        whole = {
            "licence": lambda: self._licences(vehicle, now_s),
            "track": lambda: self._position(vehicle, question.purpose, now_s),
            "code": lambda: [self._code(holder, record, now_s) for holder, record in drivers],
        }
        who = [holder.hex() for holder, _ in drivers]
        answer: dict[str, Any] = {"vehicle": _described(vehicle), "purpose": question.purpose.value}
        withheld = []
        for data_class, read in whole.items():
            if self._may(who, data_class, question.purpose, now_s):
                answer[data_class] = read()
            else:
                withheld.append(data_class)
        answer["warnings"] = self._warnings(vehicle, drivers, now_s, frozenset(answer))
        answer["withheld"] = withheld
        given = " ".join(sorted(answer.keys() - {"purpose", "withheld"}))
        for subject in [f"vehicle:{question.key}", *who]:
            self._audit.note(
                Audited(now_s, question.account, "roadside", subject, question.purpose.value, given)
            )
        return answer

    def _drivers(self, question: Question) -> list[tuple[bytes, HolderRecord]]:
        """Whose codes name this vehicle; the one that was shown, when one was."""
        return [
            each
            for each in self._bureau.holders.of_vehicle(question.key)
            if not question.holder or each[0] == question.holder
        ]

    def _may(self, who: list[str], data_class: str, purpose: Purpose, now_s: int) -> bool:
        """For supervision always; else each person concerned must have consented, and there must be one."""
        if purpose is Purpose.MONITORING:
            return True
        return bool(who) and all(self._consents.permits(one, data_class, purpose, now_s) for one in who)

    def _licences(self, vehicle: VehicleRecord, now_s: int) -> list[dict[str, Any]]:
        return [_licence(record, now_s) for record in self._papers(vehicle)]

    def _papers(self, vehicle: VehicleRecord) -> list[PaperRecord]:
        registry = self._bureau.registry
        return [
            *registry.papers_of(f"vehicle:{vehicle.key}"),
            *registry.papers_of(f"company:{vehicle.company_id}"),
        ]

    def _last(self, vehicle: VehicleRecord) -> TrackPoint | None:
        terminal = self._bureau.registry.terminal_of(vehicle.key)
        return None if terminal is None else self._positions().last_position(terminal.phone)

    def _position(self, vehicle: VehicleRecord, purpose: Purpose, now_s: int) -> dict[str, Any] | None:
        point = self._last(vehicle)
        if point is None or point.reported_ms is None:
            return None
        exact = purpose is Purpose.MONITORING
        places = [f"{each / 1e6:.6f}" for each in (point.latitude_udeg, point.longitude_udeg)]
        latitude, longitude = places if exact else [RULES["position"](each) for each in places]
        return {
            "latitude": latitude,
            "longitude": longitude,
            "reported_s": point.reported_ms // 1000,
            "age_s": max(0, now_s - point.reported_ms // 1000),
            "speed_kmh": point.speed_dkmh / 10,
            "fixed": point.fixed,
        }

    def _code(self, holder: bytes, record: HolderRecord, now_s: int) -> dict[str, Any]:
        standing = self._bureau.office.standing(holder, now_s)
        return {
            "holder": holder.hex(),
            "name": RULES["name"](record.application.name),
            "colour": standing.colour.name.lower(),
            "causes": list(standing.causes),
            "valid_until_s": record.issued.valid_until_s,
        }

    def _warnings(
        self,
        vehicle: VehicleRecord,
        drivers: list[tuple[bytes, HolderRecord]],
        now_s: int,
        given: frozenset[str],
    ) -> list[dict[str, str]]:
        """A warning tells of data, so its class must be given; those of the vehicle itself always are."""
        known = drivers if "code" in given else []
        found = [("blacklist", words) for words in self._blacklist(vehicle, known)]
        if vehicle.annual_check_until and vehicle.annual_check_until < day_text(now_s):
            found.append(("annual check", f"overdue since {vehicle.annual_check_until}"))
        if "licence" in given:
            ends = [
                (record.certificate.paper.value, _ended(record, now_s)) for record in self._papers(vehicle)
            ]
            found += [("licence", f"{paper}: {ended}") for paper, ended in ends if ended]
        if "track" in given:
            found += self._track_warnings(vehicle, now_s)
        return [{"kind": kind, "words": words} for kind, words in found]

    def _track_warnings(self, vehicle: VehicleRecord, now_s: int) -> list[tuple[str, str]]:
        point = self._last(vehicle)
        if point is None or point.reported_ms is None:
            return []
        found = []
        if now_s - point.reported_ms // 1000 > SILENT_S:
            found.append(("silent", "the last position is more than an hour old"))
        off_m = self._off_route_m(vehicle.key, point)
        if off_m is not None:
            found.append(("off route", f"{off_m / 1000:.1f} km from the way set down"))
        return found

    def _blacklist(self, vehicle: VehicleRecord, drivers: list[tuple[bytes, HolderRecord]]) -> list[str]:
        listed = self._bureau.registry.blacklisted()
        subjects = [(Register.VEHICLE, vehicle.key), (Register.COMPANY, vehicle.company_id)]
        subjects += [(Register.DRIVER, record.application.identity) for _, record in drivers]
        return [f"{each[0].value}: {listed[each]}" for each in subjects if each in listed]

    def _off_route_m(self, key: str, point: TrackPoint) -> float | None:
        """How far off, when a way is set down for this time and the vehicle is outside its width."""
        route = self._bureau.book.get(ROUTE, key)
        second = (point.reported_ms or 0) // 1000
        if route is None or not route["from_s"] <= second < route["until_s"]:
            return None
        metres = distance_to_way_m((point.latitude_udeg, point.longitude_udeg), route["points"])
        return metres if metres > route["width_m"] else None

    def set_route(
        self,
        key: str,
        points: list[tuple[int, int]],
        width_m: int,
        span_s: tuple[int, int],
        actor: str,
    ) -> None:
        """Sets down the way of a trip, as a route sheet of dangerous goods has it: (latitude, longitude) in
        micro-degrees. Raises BookError."""
        if not 2 <= len(points) <= ROUTE_POINTS_MAX or width_m <= 0 or span_s[1] <= span_s[0]:
            raise BookError(f"route: 2 to {ROUTE_POINTS_MAX} points, a width, and a time that ends later")
        body = {"points": points, "width_m": width_m, "from_s": span_s[0], "until_s": span_s[1]}
        self._bureau.book.put(ROUTE, key, body, at_s=self._bureau.clock(), actor=actor, action="set down")


def distance_to_way_m(place: tuple[int, int], points: list[tuple[int, int]]) -> float:
    """Metres from a place to the nearest leg of a way, on a flat strip: good to some hundred kilometres."""
    shrink = math.cos(math.radians(place[0] / 1e6))

    def flat(point: tuple[int, int]) -> tuple[float, float]:
        return (
            (point[1] - place[1]) * _METRES_PER_UDEG * shrink,
            (point[0] - place[0]) * _METRES_PER_UDEG,
        )

    legs = [flat(point) for point in points]
    return min(_to_leg(one, other) for one, other in pairwise(legs))


def _to_leg(one: tuple[float, float], other: tuple[float, float]) -> float:
    """From the origin to a leg."""
    x, y = other[0] - one[0], other[1] - one[1]
    length = x * x + y * y
    along = 0.0 if not length else min(1.0, max(0.0, -(one[0] * x + one[1] * y) / length))
    return math.hypot(one[0] + along * x, one[1] + along * y)


def _described(vehicle: VehicleRecord) -> dict[str, Any]:
    return {
        "plate": vehicle.plate,
        "colour": vehicle.colour,
        "type": vehicle.vehicle_type,
        "dangerous": vehicle.dangerous,
    }


def _licence(record: PaperRecord, now_s: int) -> dict[str, Any]:
    c = record.certificate
    return {
        "paper": c.paper.value,
        "number": RULES["identity"](c.number),
        "valid_from": c.valid_from,
        "valid_to": c.valid_to,
        "status": c.status.value,
        "standing": _ended(record, now_s) or "valid",
    }


def _ended(record: PaperRecord, now_s: int) -> str:
    c = record.certificate
    if c.status.value != "valid":
        return c.status.value
    if now_s >= c.ends_s:
        return "ended"
    return "not begun" if now_s < c.starts_s else ""
