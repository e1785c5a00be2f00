"""Key files of both ends of a guarded line, as two operators would exchange them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from protocols.monitoring.envelopes import KeyRing, new_keys, public_ring, write_ring
from protocols.monitoring.envelopes.profiles import suite_of

AUTHORITY: Final = "authority"


def write_keys(folder: Path, envelope: str, owners: Iterable[str]) -> None:
    """For each owner a pair to sign with and one to be sealed to (`OWNER.keys`), and their public halves for
    the others (`OWNER.public`). envelope: a guarded profile."""
    folder.mkdir(parents=True, exist_ok=True)
    for owner in owners:
        ring = KeyRing(new_keys(suite_of(envelope), owner, int(time.time() * 1000)))
        write_ring(folder / f"{owner}.keys", ring)
        write_ring(folder / f"{owner}.public", public_ring(ring))
