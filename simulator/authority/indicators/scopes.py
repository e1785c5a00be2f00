"""10 违规转包率 and 11 超范围经营率: carriers that may not carry at all, and cargo that they may not carry.

For both a high value is bad. A carrier with nothing but a network-freight permit is 10's case, not 11's; one
that is on no register is 8's.
"""

import numpy as np

from protocols.freight.scopes import NETWORK

from .facts import UNREAD, Column, Facts
from .result import Better, Indicator, Offenders, bits_to_words
from .rules import Rules


def subcontracted(facts: Facts, rules: Rules) -> Indicator:
    """10: waybills whose actual carrier holds only a network-freight permit / waybills."""
    flags = np.append(_network_only(facts), False)
    rows = np.flatnonzero(flags[facts.waybills["carrier"]])
    return Indicator(
        "10",
        "Illegal subcontracting rate",
        "违规转包率",
        Better.LOW,
        len(rows),
        len(facts.waybills),
        f"the registered scope of the actual carrier is {NETWORK} and nothing else",
        offenders=Offenders(facts.waybills.labels, rows, lambda row: f"its carrier holds {NETWORK} only"),
    )


def out_of_scope(facts: Facts, rules: Rules) -> Indicator:
    """11: waybills with cargo outside the scope of carrier or vehicle / waybills."""
    bits = scope_bits(facts, rules)
    rows = np.flatnonzero(bits)
    why = bits_to_words(bits, ("outside the carrier's scope", "outside the vehicle's scope"))
    return Indicator(
        "11",
        "Out-of-scope rate",
        "超范围经营率",
        Better.LOW,
        len(rows),
        len(facts.waybills),
        "each cargo code is allowed by the registered scope of the carrier and of the vehicle",
        offenders=Offenders(facts.waybills.labels, rows, why),
    )


def scope_bits(facts: Facts, rules: Rules) -> Column:
    """Per waybill: 1 the carrier, 2 the vehicle may not carry a cargo of it."""
    registers = facts.registers
    alone = _network_only(facts)
    carriers = [
        None if entry is None or alone[i] else entry.scope
        for i, entry in enumerate(registers.carriers.get(name) for name in facts.carriers)
    ]
    vehicles = [
        None if entry is None else entry.scope
        for entry in (registers.vehicles.get(key) for key in facts.vehicles)
    ]
    w = facts.waybills
    outside_carrier = w["cargo"] & np.append(_forbidden(carriers, facts, rules), 0)[w["carrier"]]
    outside_vehicle = w["cargo"] & np.append(_forbidden(vehicles, facts, rules), 0)[w["vehicle"]]
    return (outside_carrier != 0).astype(np.int64) | (outside_vehicle != 0).astype(np.int64) << 1


def _network_only(facts: Facts) -> Column:
    entries = [facts.registers.carriers.get(name) for name in facts.carriers]
    return np.array([entry is not None and entry.scope == {NETWORK} for entry in entries], dtype=bool)


def _forbidden(scopes: list[frozenset[str] | None], facts: Facts, rules: Rules) -> Column:
    """Per holder, the bits of the cargo codes outside its scope; no scope known, none forbidden."""
    needed = [rules.scopes_for(code) for code in facts.cargoes]
    return np.array(
        [
            0 if scope is None else sum(1 << i for i, any_of in enumerate(needed) if not scope & any_of)
            for scope in scopes
        ],
        dtype=np.int64,
    )


assert UNREAD == -1, "the appended last element is found by index -1"
