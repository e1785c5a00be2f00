"""The authority's end of the guarded line: its envelope, from the options of its commands."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from protocols.monitoring.envelopes import PLAIN, Envelope, Opened, load_envelope
from protocols.wire.errors import LocalProtocolError

SEEN: Final = "envelopes.seen"


class SharedEnvelope:
    """One envelope for several threads, one at a time: the positions' line and the freight line have the same
    keys and one memory of what was taken."""

    def __init__(self, envelope: Envelope) -> None:
        self.profile = envelope.profile
        self._envelope, self._lock = envelope, threading.Lock()

    def seal(self, payload: bytes, topic: str, now_ms: int, to: str = "") -> bytes:
        """See `Envelope`."""
        with self._lock:
            return self._envelope.seal(payload, topic, now_ms, to)

    def begin(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> Opened:
        """See `Envelope`."""
        with self._lock:
            return self._envelope.begin(data, topic, now_ms, sender=sender, fresh=fresh)

    def accept(self, opened: Opened) -> None:
        """See `Envelope`."""
        with self._lock:
            self._envelope.accept(opened)

    def open(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> bytes:
        """See `Envelope`."""
        with self._lock:
            return self._envelope.open(data, topic, now_ms, sender=sender, fresh=fresh)


def envelope_of(profile: str, keys: Path | None, peers: Sequence[Path], folder: Path) -> Envelope:
    """keys: of the authority; peers: public files of the gateways. folder: remembers there what was taken.

    Raises ValueError, naming the option or the file.
    """
    if profile == PLAIN:
        return load_envelope(PLAIN, "", "")
    if keys is None or not peers:
        raise ValueError(f"--envelope {profile} needs --keys and --peers")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return load_envelope(profile, keys, peers, seen_file=folder / SEEN)
    except (LocalProtocolError, OSError) as error:
        raise ValueError(str(error)) from error
