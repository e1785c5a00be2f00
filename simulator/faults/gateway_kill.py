"""The gateway dies without a word, as the out-of-memory killer or a power cut would have it."""

from __future__ import annotations

from ..gateway_process import GatewayProcess


class GatewayKill:
    """start: SIGKILL. stop: the gateway again, on the same port and data. strikes: how often it died."""

    name = "gateway SIGKILL"

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self.strikes = 0

    def start(self) -> None:
        """Kills it; returns when it is dead."""
        self._gateway.kill()
        self.strikes += 1

    def stop(self) -> None:
        """Restarts it; returns when it listens. Raises NotReady when it does not come up."""
        self._gateway.start()

    def strike(self) -> None:
        """Kill and restart at once."""
        self.start()
        self.stop()
