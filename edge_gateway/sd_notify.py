"""Tells systemd how we are, when it asked to be told: ready, still alive, stopping. Silent otherwise."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """`say("READY=1")`. The socket's name stands in NOTIFY_SOCKET; @ begins an abstract one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        micros = environment.get("WATCHDOG_USEC", "") if watched else ""
        self.watchdog_s = int(micros) / 1_000_000 if micros.isdecimal() else 0.0

    def say(self, *lines: str) -> None:
        """One datagram. A manager that is gone is no reason to stop."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return
