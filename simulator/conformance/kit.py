"""Asks a platform every question in turn: registers once, as a terminal would, authenticates for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from protocols.wire import tables

from .checks import CHECKS, OK, Failed
from .peer import Peer

LOGGED_IN: Final = "registration and authentication"


class Verdict(NamedTuple):
    """reason: empty when the platform did as it should."""

    check: str
    reason: str


class Kit:
    """phone: of a terminal that the platform may register. wait_s: for each answer."""

    def __init__(self, address: tuple[str, int], phone: str, plate: str, edition: int, wait_s: float) -> None:
        self._address, self._phone, self._plate = address, phone, plate
        self._edition, self._wait_s = edition, wait_s

    def run(self) -> Iterator[Verdict]:
        """Each verdict as it falls; only the first without a code. Raises OSError when nobody listens."""
        try:
            with self._peer() as peer:
                code = self._register(peer)
                self._log_in(peer, code)
        except Failed as error:
            yield Verdict(LOGGED_IN, str(error))
            return
        yield Verdict(LOGGED_IN, "")
        for check in CHECKS:
            try:
                with self._peer() as peer:
                    if not check.new:
                        self._log_in(peer, code)
                    check.ask(peer)
            except Failed as error:
                yield Verdict(check.name, str(error))
            else:
                yield Verdict(check.name, "")

    def _peer(self) -> Peer:
        return Peer(self._address, self._phone, self._edition, self._wait_s)

    def _register(self, peer: Peer) -> bytes:
        """The authentication code."""
        serial = peer.serial
        heard = peer.ask(tables.MSG_TERMINAL_REGISTRATION, peer.registration(self._plate))
        if heard is None or heard.id != tables.MSG_TERMINAL_REGISTRATION_RESPONSE:
            raise Failed(
                "no answer to the registration" if heard is None else f"{heard.id:#06x} instead of 0x8100"
            )
        if int.from_bytes(heard.body[:2], "big") != serial:
            raise Failed("0x8100 answers another serial")
        if heard.body[2] != OK:
            raise Failed(
                f"the registration got result {heard.body[2]}: enter the terminal there, or name another"
            )
        return heard.body[3:]

    def _log_in(self, peer: Peer, code: bytes) -> None:
        heard = peer.ask(tables.MSG_TERMINAL_AUTHENTICATION, peer.authentication(code))
        if heard is None or heard.id != tables.MSG_PLATFORM_GENERAL_RESPONSE or heard.reply[2] != OK:
            raise Failed("the code that came with the registration is not accepted")
