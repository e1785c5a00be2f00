"""A wire tap: a TCP proxy before the broker that keeps every byte of both directions."""

import socket
import threading
from types import TracebackType


class Tap:
    """`port` takes what is meant for the broker at `target`; `captured()` is all that passed so far."""

    def __init__(self, host: str, target: int) -> None:
        self._target = (host, target)
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._streams: list[bytearray] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Tap":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for each in self._sockets:
            each.close()

    def captured(self) -> bytes:
        """Each stream whole, one after the other, so that nothing is hidden by how it was split."""
        with self._lock:
            return b"\n".join(map(bytes, self._streams))

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            broker = socket.create_connection(self._target)
            self._sockets += [client, broker]
            for one, other in ((client, broker), (broker, client)):
                stream = bytearray()
                self._streams.append(stream)
                threading.Thread(target=self._copy, args=(one, other, stream), daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket, stream: bytearray) -> None:
        try:
            while data := one.recv(65536):
                with self._lock:
                    stream += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return
