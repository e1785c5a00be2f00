"""The signed snapshot of one fleet's registers: what a gateway needs to verify capacity without a network.

Container: magic ‖ key id ‖ SM2 signature r‖s ‖ zlib(canonical CBOR items). The signature covers magic, key id
and the compressed bytes, so nothing unsigned is ever unpacked. The format is OURS. It holds identity numbers
of the fleet's own drivers: it travels inside an envelope, and it is stored where the gateway's journal is.
"""

import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from protocols.driver_code.content import KEY_ID_BYTES
from protocols.driver_code.trust import IssuerKey
from protocols.guomi import Guomi

from .registers import Blacklisted, Company, Driver, Register, Snapshot, SnapshotError, Vehicle, vehicle_key
from .snapshot_form import items_of, snapshot_of

__all__ = [
    "Blacklisted",
    "Company",
    "Driver",
    "Register",
    "Signer",
    "Snapshot",
    "SnapshotError",
    "Trust",
    "Vehicle",
    "open_snapshot",
    "seal",
    "vehicle_key",
]

MAGIC: Final = b"DYS1"
SIGNER_ID: Final = b"dianyun.registers-snapshot"
SIGNATURE_BYTES: Final = 64
SEALED_BYTES_MAX: Final = 16 * 1024 * 1024
PLAIN_BYTES_MAX: Final = 128 * 1024 * 1024
_HEAD_BYTES: Final = len(MAGIC) + KEY_ID_BYTES + SIGNATURE_BYTES


@dataclass(frozen=True)
class Signer:
    """The authority's key. key_id: 4 bytes, see `protocols.driver_code.trust.key_id_of`."""

    guomi: Guomi
    key_id: bytes
    private: bytes


class Trust:
    """The keys whose snapshots are believed."""

    def __init__(self, guomi: Guomi, keys: Iterable[IssuerKey]) -> None:
        self.guomi = guomi
        self.keys = {key.key_id: key for key in keys}


def seal(snapshot: Snapshot, signer: Signer) -> bytes:
    """The sealed bytes. Raises SnapshotError when they would be too many, GuomiError for a bad key."""
    plain = b"".join(cbor2.dumps(item, canonical=True) for item in items_of(snapshot))
    packed = zlib.compress(plain, 6)
    if len(plain) > PLAIN_BYTES_MAX or len(packed) + _HEAD_BYTES > SEALED_BYTES_MAX:
        raise SnapshotError(f"snapshot: {len(packed)} bytes packed, at most {SEALED_BYTES_MAX} travel")
    head = MAGIC + signer.key_id
    return head + signer.guomi.sm2_sign(signer.private, head + packed, SIGNER_ID) + packed


def open_snapshot(sealed: bytes, trust: Trust) -> Snapshot:
    """The snapshot that a trusted key signed, whatever its age. Raises SnapshotError."""
    if len(sealed) > SEALED_BYTES_MAX or sealed[: len(MAGIC)] != MAGIC or len(sealed) <= _HEAD_BYTES:
        raise SnapshotError("snapshot: not of this format, or too long")
    head = sealed[: len(MAGIC) + KEY_ID_BYTES]
    signature, packed = sealed[len(head) : _HEAD_BYTES], sealed[_HEAD_BYTES:]
    key = trust.keys.get(head[len(MAGIC) :])
    if key is None:
        raise SnapshotError(f"key: {head[len(MAGIC) :].hex()} is not on the trust list")
    if not trust.guomi.sm2_verify(key.public, head + packed, signature, SIGNER_ID):
        raise SnapshotError(f"signature: not by key {key.key_id.hex()}")
    items = _items(packed)
    snapshot = snapshot_of(items)
    if next(items, None) is not None:
        raise SnapshotError("snapshot: something behind its content")
    if not key.from_s <= snapshot.issued_s <= key.until_s:
        raise SnapshotError(f"key: {key.key_id.hex()} did not sign at that time")
    return snapshot


def _items(packed: bytes) -> Iterator[Any]:
    """The CBOR items, one by one: a large fleet must not hold up the interpreter while it is read."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed, PLAIN_BYTES_MAX)
        if not inflater.eof or inflater.unused_data:
            raise SnapshotError("snapshot: cut short, too long, or with something behind it")
        stream = io.BytesIO(plain)
        decoder = cbor2.CBORDecoder(stream)
        while stream.tell() < len(plain):
            yield decoder.decode()
    except SnapshotError:
        raise
    except (
        Exception
    ) as error:  # zlib and cbor2 raise what their input provokes; it was signed, so a bug there
        raise SnapshotError(f"snapshot: its content is not readable ({type(error).__name__})") from None
