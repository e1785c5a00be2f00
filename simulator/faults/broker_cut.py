"""The broker is gone for a while: killed, and later restarted on what its disk holds."""

from __future__ import annotations

from ..broker import Broker


class BrokerCut:
    """start: SIGKILL. stop: the broker again, on the same ports and data. strikes: how often it died."""

    name = "broker SIGKILL"

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.strikes = 0

    def start(self) -> None:
        """Kills it; returns when it is dead."""
        self._broker.kill()
        self.strikes += 1

    def stop(self) -> None:
        """Restarts it; returns when it answers. Raises BrokerError when it does not come up."""
        self._broker.start()
