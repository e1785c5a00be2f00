"""13-1 运输轨迹正常率: waybills whose endpoints, vehicle positions and driver positions tell one story.

Vehicles of at most 12 t in ordinary freight: waybill and driver only. A waybill without a location document
has no endpoints and no driver positions, so it is not shown to be normal. Worked in chunks of waybills, each
chunk a few columns, so that memory does not grow with the period.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .columns import identities_of
from .facts import NO_END, UNREAD, Column, Facts
from .fleet import fleet_of
from .result import Better, Indicator, Offenders, bits_to_words
from .rules import Rules
from .sphere import distance_m
from .tracks import Asked, Trail

CHUNK: Final = 4096  # waybills
REASONS: Final = (
    "times, endpoints or location document are missing",
    "the driver was not at loading",
    "the driver was not at unloading",
    "the driver's track has a gap",
    "the vehicle was not at loading",
    "the vehicle was not at unloading",
    "the vehicle's track has a gap",
    "driver and vehicle were apart",
)
_MISSING, _DRIVER, _VEHICLE, _APART = 0, 1, 4, 7


@dataclass(frozen=True)
class _Chunk:
    """The columns of some waybills. medium: only the driver is compared."""

    despatch: Column
    receipt: Column
    ends: Column
    medium: Column


def tracks_normal(facts: Facts, rules: Rules) -> Indicator:
    """13-1: waybills with a proof / waybills."""
    bits = track_bits(facts, rules)
    rows = np.flatnonzero(bits)
    return Indicator(
        "13-1",
        "Track rate",
        "运输轨迹正常率",
        Better.HIGH,
        len(bits) - len(rows),
        len(bits),
        f"a position within {rules.near_m} m and {rules.around_s // 60} min of each endpoint; no "
        f"gap over {rules.gap_s // 60} min; driver and vehicle within {rules.apart_m} m in "
        f"{rules.agree_percent} % of common bins of {rules.bin_s} s; ≤ 12 t ordinary: driver only",
        offenders=Offenders(facts.waybills.labels, rows, bits_to_words(bits, REASONS)),
    )


def track_bits(facts: Facts, rules: Rules) -> Column:
    """Per waybill, the bits of the REASONS against it."""
    medium = np.append(fleet_of(facts).medium, False)  # the last: UNREAD
    names = np.append(identities_of(facts.vehicles), np.uint64(0))  # likewise: of no vehicle
    bits = np.zeros(len(facts.waybills), dtype=np.int64)
    for first in range(0, len(bits), CHUNK):
        rows = np.arange(first, min(first + CHUNK, len(bits)))
        bits[rows] = _judge(facts, rules, rows, medium, names)
    return bits


def _judge(facts: Facts, rules: Rules, rows: Column, medium: Column, names: Column) -> Column:
    w = facts.waybills
    chunk = _Chunk(
        w["despatch"][rows],
        w["receipt"][rows],
        facts.ends[w["key"][rows]],
        medium[w["vehicle"][rows]],
    )
    missing = (chunk.despatch == UNREAD) | (chunk.receipt < chunk.despatch) | (chunk.ends[:, 0] == NO_END)
    from_s, until_s = chunk.despatch - rules.around_s, chunk.receipt + rules.around_s
    until_s[missing] = from_s[missing] - 1  # nothing is asked of them
    driver = facts.tracks.drivers(Asked(w["identity"][rows], from_s, until_s))
    until_s = np.where(chunk.medium, from_s - 1, until_s)
    vehicle = facts.tracks.vehicles(Asked(names[w["vehicle"][rows]], from_s, until_s))
    bits = np.zeros(len(rows), dtype=np.int64)
    for i, bad in enumerate(_unproven(driver, chunk, rules)):
        bits |= bad.astype(np.int64) << (_DRIVER + i)
    for i, bad in enumerate(_unproven(vehicle, chunk, rules)):
        bits |= (bad & ~chunk.medium).astype(np.int64) << (_VEHICLE + i)
    bits |= (_apart(driver, vehicle, len(rows), rules) & ~chunk.medium).astype(np.int64) << _APART
    return np.where(missing, 1 << _MISSING, bits)


def _unproven(trail: Trail, chunk: _Chunk, rules: Rules) -> tuple[Column, Column, Column]:
    """Per waybill: not at loading, not at unloading, a gap under way."""
    count, owner = len(chunk.despatch), trail.owner
    at_start = _near(trail, chunk.ends[:, 0:2], chunk.despatch, rules)
    at_end = _near(trail, chunk.ends[:, 2:4], chunk.receipt, rules)
    return (
        np.bincount(owner[at_start], minlength=count) == 0,
        np.bincount(owner[at_end], minlength=count) == 0,
        _gaps(trail, chunk, rules),
    )


def _near(trail: Trail, places: Column, times: Column, rules: Rules) -> Column:
    """Rows of the trail at their waybill's place around its time. Distances only of what is there in time."""
    timely = np.flatnonzero(np.abs(trail.time - times[trail.owner]) <= rules.around_s)
    ends = places[trail.owner[timely]]
    metres = distance_m(trail.latitude[timely], trail.longitude[timely], ends[:, 0], ends[:, 1])
    return timely[metres <= rules.near_m]


def _gaps(trail: Trail, chunk: _Chunk, rules: Rules) -> Column:
    """Whether a silence over gap_s lies between despatch and receipt, both being events of the track. A trail
    is in order of owner and time."""
    under_way = (trail.time > chunk.despatch[trail.owner]) & (trail.time < chunk.receipt[trail.owner])
    owner, time = trail.owner[under_way], trail.time[under_way]
    first = np.append(True, owner[1:] != owner[:-1])[: len(owner)]
    before = np.where(first, chunk.despatch[owner], np.append(0, time[:-1])[: len(time)])
    silent = np.bincount(owner[time - before > rules.gap_s], minlength=len(chunk.despatch)) > 0
    heard_s = chunk.despatch.copy()  # the last sign of life of each
    last = np.append(owner[1:] != owner[:-1], True)[: len(owner)]
    heard_s[owner[last]] = time[last]
    return silent | (chunk.receipt - heard_s > rules.gap_s)


def _apart(driver: Trail, vehicle: Trail, count: int, rules: Rules) -> Column:
    """Whether they are near each other in too few of the time bins that both have a position in."""
    (of_driver, first), (of_vehicle, other) = _bins(driver, rules.bin_s), _bins(vehicle, rules.bin_s)
    at = np.minimum(of_vehicle.searchsorted(of_driver), max(0, len(of_vehicle) - 1))
    both = np.flatnonzero(of_vehicle[at] == of_driver) if len(of_vehicle) else at[:0]
    one, other = first[both], other[at[both]]
    metres = distance_m(
        driver.latitude[one], driver.longitude[one], vehicle.latitude[other], vehicle.longitude[other]
    )
    common = np.bincount(driver.owner[one], minlength=count)
    together = np.bincount(driver.owner[one][metres <= rules.apart_m], minlength=count)
    return (common == 0) | (together * 100 < common * rules.agree_percent)


def _bins(trail: Trail, bin_s: int) -> tuple[Column, Column]:
    """(owner and bin as one number, the first point in it), in order, as the trail is."""
    bins = trail.owner << 40 | trail.time // bin_s
    first = np.flatnonzero(np.append(True, bins[1:] != bins[:-1])[: len(bins)])
    return bins[first], first
