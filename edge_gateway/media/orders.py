"""Which alarms files were asked for: the number that 0x9208 gave a terminal is what lets its files in.

The attachment connection knows no authentication; a number of 128 random bits, told on the authenticated one
and kept through restarts, stands for it.
"""

import secrets
from typing import Any, Final

from protocols.jt808 import walk

from .store import MediaStore

ORDER: Final = 0x9208
ALARM_NUMBER_BYTES: Final = 32
ORDERS_MAX: Final = 20_000
ORDER_LIFE_MS: Final = 7 * 24 * 3600 * 1000  # a terminal may be without a link for a while


class Orders:
    """`order` makes the body of a 0x9208; `admits` asks whether files for its number may come."""

    def __init__(self, store: MediaStore, host: str, tcp_port: int) -> None:
        """`host`, `tcp_port`: where terminals reach the attachment server, as told to them."""
        self._store = store
        self._server = {"server": host.encode("ascii"), "tcp_port": tcp_port, "udp_port": 0}
        self._known = {
            alarm: (identity, ordered_ms)
            for alarm, identity, ordered_ms in store.run(
                "SELECT alarm, identity, ordered_ms FROM alarm_order ORDER BY ordered_ms"
            )
        }

    def order(
        self, identity: str, edition: int, identifier: dict[str, Any], now_ms: int
    ) -> tuple[str, bytes]:
        """(alarm number, body of the 0x9208) for one alarm of a terminal; kept before this returns.

        An alarm that was ordered before keeps its number. `identifier`: as a decoded alarm item holds it.
        Raises LocalProtocolError for one that does not fit.
        """
        self._forget_old(now_ms)
        # What tells one alarm of a terminal from another; the number of its files may be told anew.
        named = bytes(identifier["terminal_id"]) + bytes(identifier["time_bcd"])
        named += bytes([identifier["sequence"]])
        alarm = self._number_of(identity, named) or secrets.token_hex(ALARM_NUMBER_BYTES // 2)
        values = {
            **self._server,
            "identifier": identifier,
            "alarm_number": alarm.encode("ascii"),
            "reserved": bytes(16),
        }
        body = walk.encode_body(ORDER, edition, values)
        if alarm not in self._known:
            self._store.run("INSERT INTO alarm_order VALUES (?, ?, ?)", alarm, identity, now_ms)
            self._store.run("INSERT OR REPLACE INTO alarm_number VALUES (?, ?, ?)", identity, named, alarm)
            self._known[alarm] = (identity, now_ms)
        return alarm, body

    def _number_of(self, identity: str, named: bytes) -> str:
        """The one that this alarm was given before and still has; "" for a new one."""
        query = "SELECT alarm FROM alarm_number WHERE identity = ? AND named = ?"
        found = self._store.run(query, identity, named)
        return found[0][0] if found and found[0][0] in self._known else ""

    def admits(self, identity: str, alarm: str, now_ms: int) -> bool:
        """Whether this terminal was asked for the files of this alarm, not too long before `now_ms` (UTC)."""
        found = self._known.get(alarm)
        return found is not None and found[0] == identity and now_ms - found[1] <= ORDER_LIFE_MS

    def _forget_old(self, now_ms: int) -> None:
        while self._known:
            alarm, (_, ordered_ms) = next(iter(self._known.items()))
            if len(self._known) < ORDERS_MAX and now_ms - ordered_ms <= ORDER_LIFE_MS:
                return
            del self._known[alarm]
            self._store.run("DELETE FROM alarm_order WHERE alarm = ?", alarm)
            self._store.run("DELETE FROM alarm_number WHERE alarm = ?", alarm)
