"""What poll does not tell of: pins, keys, the supply, serial ports beside the receiver's; looked at in turn.

Pure but for the callables and streams that it is handed. Must not know what an input means.
"""

from firmware.terminal.vehicle.inputs import SUPPLY_MV

STEP_MS = 40  # a key is held longer; a contact bounces for less
SUPPLY_STEP_MS = 1000


class Switch:
    """A contact, debounced: `changed()` gives the new value once it was read twice in a row, else None.

    read(): 0 or 1. sense: what the contact is for, kept for its owner. The first value counts as new.
    """

    __slots__ = ("_last", "_read", "_value", "sense")

    def __init__(self, read, sense):
        self.sense = sense
        self._read = read
        self._last = self._value = -1

    def changed(self):
        """See the class."""
        value = self._read()
        steady = value == self._last
        self._last = value
        if not steady or value == self._value:
            return None
        self._value = value
        return value


class Inputs:
    """`serve` at `deadline_ms`.

    contacts: Switches whose sense is a kind of vehicle.inputs. keys: Switches whose sense is a key code.
    supply: gives millivolts, None. ports: objects with `serve(terminal, now_ms)`. watchdog: has `feed`, None.
    """

    def __init__(self, contacts, keys, supply=None, ports=(), watchdog=None):
        self._contacts = contacts
        self._keys = keys
        self._supply = supply
        self._ports = ports
        self._watchdog = watchdog
        self._next_ms = self._supply_ms = 0

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the next look."""
        return min(deadline_ms, self._next_ms)

    def serve(self, terminal, now_ms):
        """Feeds the watchdog and, when it is time, looks at everything."""
        if self._watchdog is not None:
            self._watchdog.feed()
        if now_ms < self._next_ms:
            return
        self._next_ms = now_ms + STEP_MS
        for contact in self._contacts:
            value = contact.changed()
            if value is not None:
                terminal.on_input(contact.sense, value, now_ms)
        for key in self._keys:
            if key.changed() == 1 and terminal.view is not None:
                terminal.view.console.on_key(terminal, key.sense, now_ms)
        if self._supply is not None and now_ms >= self._supply_ms:
            self._supply_ms = now_ms + SUPPLY_STEP_MS
            terminal.on_input(SUPPLY_MV, self._supply(), now_ms)
        for port in self._ports:
            port.serve(terminal, now_ms)
