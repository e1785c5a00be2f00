"""The gateway's own signature on anchors: SM2, by the newest signing key of its ring.

Without it an anchor is signed only by the envelope that carries it, which nobody keeps: a bundle that is to
convince a stranger needs the anchor's own. Keys are read at the start, as those of envelopes are.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from protocols.evidence.anchors import Signer
from protocols.guomi import choose
from protocols.monitoring.envelopes.key_files import read_ring
from protocols.monitoring.envelopes.keys import SIGN, KeyRing
from protocols.wire.errors import LocalProtocolError

from ..commands import StoreError
from ..config import Config

SM2: Final = "sm2"
GUOMI: Final = "guomi"
# At a time (Unix ms): id of the key, and how it signs; ("", None) while no key is good.
Signing = Callable[[int], tuple[str, Signer | None]]


def signer_of(config: Config) -> Signing | None:
    """How anchors are signed: by `freight.anchor_keys`, else by the keys of a guomi envelope; None without
    both. Raises StoreError, naming the key of the configuration."""
    name, path = "freight.anchor_keys", config.freight.anchor_keys
    if not path and config.mqtt.envelope == GUOMI and not config.destination:
        name, path = "mqtt.envelope_keys", config.mqtt.envelope_keys
    if not path:
        return None
    try:
        ring = read_ring(Path(path))
        return signing_of(ring, config.gateway.id)
    except LocalProtocolError as error:
        raise StoreError(f"{name}: {error}") from error


def signing_of(ring: KeyRing, owner: str) -> Signing:
    """By the owner's keys of this ring. Raises LocalProtocolError when none of them can sign with SM2."""
    mine = KeyRing(key for key in ring.keys if key.kind == SM2 and key.use == SIGN and key.private)
    if ring.owner_of(owner) not in mine.owners:
        raise LocalProtocolError(f"no private SM2 key of {owner} to sign with", field="keys")
    door = choose()

    def signing(now_ms: int) -> tuple[str, Signer | None]:
        try:
            key = mine.newest(owner, SIGN, now_ms)
        except LocalProtocolError:
            return "", None  # all of them ended: the doctor says so, and the envelope refuses to go on
        return key.id.hex(), lambda data: door.sm2_sign(key.private, data)

    return signing
