"""Which terminal is in which vehicle: by what the terminal registered with, and by the registers."""

from collections.abc import Iterator
from typing import Protocol

from protocols.freight.registers import Vehicle, vehicle_key

from ..registry import Terminal
from .registers import Registers


class Terminals(Protocol):
    """The gateway's list of terminals; a `registry.Roll` is one."""

    def __iter__(self) -> Iterator[Terminal]:
        """Every terminal."""

    def get(self, identity: str) -> Terminal | None:
        """The terminal of this identity."""

    def edition_of(self, identity: str) -> int | None:
        """The edition it registered with; None for a stranger."""


class Whose:
    """Asked from any thread. Raises RegistryError where the list cannot be read."""

    def __init__(self, terminals: Terminals, registers: Registers) -> None:
        self._terminals, self._registers = terminals, registers
        self.edition_of = terminals.edition_of

    def vehicle_of(self, terminal: str) -> str:
        """`vehicle_key` of the vehicle; empty for a stranger."""
        own = _own_vehicle(self._terminals.get(terminal))
        return own or self._by_registers(terminal)

    def terminal_of(self, plate: str, colour: int) -> str | None:
        """The terminal of a vehicle; None while nobody knows one."""
        key = vehicle_key(plate, str(colour))
        return self._in_registers(key) or self.by_vehicle().get(key)

    def by_vehicle(self) -> dict[str, str]:
        """`vehicle_key` → terminal, of all that registered."""
        found: dict[str, str] = {}
        for each in self._terminals:
            found.setdefault(_own_vehicle(each) or self._by_registers(each.identity), each.identity)
        found.pop("", None)
        return found

    def known(self, key: str, registered: dict[str, str]) -> str | None:
        """The same as `terminal_of`, out of `by_vehicle`: for many at once."""
        return self._in_registers(key) or registered.get(key)

    def is_registered(self, terminal: str) -> bool:
        """Whether a terminal of this identity ever registered here."""
        return self._terminals.get(terminal) is not None

    def _by_registers(self, terminal: str) -> str:
        snapshot = self._registers.snapshot
        vehicle: Vehicle | None = snapshot.vehicle_by_terminal.get(terminal) if snapshot else None
        return vehicle.key if vehicle else ""

    def _in_registers(self, key: str) -> str | None:
        snapshot = self._registers.snapshot
        vehicle = snapshot.vehicle_by_key.get(key) if snapshot else None
        return vehicle.terminal.lstrip("0") or None if vehicle else None


def _own_vehicle(terminal: Terminal | None) -> str:
    """By what it registered with."""
    device = terminal.device if terminal else None
    if device is None or not device.plate:
        return ""
    return vehicle_key(device.plate.decode("gbk", "replace"), str(device.plate_colour))
