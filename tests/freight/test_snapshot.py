"""The sealed snapshot: comes back whole, and nothing that was not signed by a trusted key is opened."""

import zlib
from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.driver_code.trust import key_id_of
from protocols.freight.registers import Blacklisted, Register
from protocols.freight.snapshot import MAGIC, SIGNER_ID, Signer, SnapshotError, Trust, open_snapshot, seal

from . import fleet

SEALED = seal(fleet.snapshot(), fleet.SIGNER)


def sealed_anyhow(content: object) -> bytes:
    """Any content under a good signature: what a faulty authority might send."""
    if isinstance(content, bytes):
        packed = content
    else:
        assert isinstance(content, list)
        packed = zlib.compress(b"".join(map(cbor2.dumps, content)))
    head = MAGIC + fleet.KEY.key_id
    return head + fleet.GUOMI.sm2_sign(fleet.PRIVATE, head + packed, SIGNER_ID) + packed


def test_a_snapshot_comes_back() -> None:
    snapshot = fleet.snapshot(blacklist=(Blacklisted(Register.DRIVER, fleet.IDENTITY, "credit"),))
    assert open_snapshot(seal(snapshot, fleet.SIGNER), fleet.TRUST) == snapshot


def test_the_indexes_find_by_every_name() -> None:
    snapshot = fleet.snapshot()
    truck, person = snapshot.vehicles[0], snapshot.drivers[0]
    assert snapshot.vehicle_by_key[f"{fleet.PLATE}/{fleet.COLOUR}"] is truck
    assert snapshot.vehicle_by_terminal[fleet.TERMINAL.lstrip("0")] is truck
    assert snapshot.driver_by_holder[fleet.HOLDER] is person
    assert snapshot.driver_by_identity[fleet.IDENTITY] is person
    assert snapshot.driver_by_qualification["D-qualification"] is person


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(at: int, change: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= change
    with pytest.raises(SnapshotError):
        open_snapshot(bytes(changed), fleet.TRUST)


@given(st.integers(0, len(SEALED) - 1))
def test_a_cut_snapshot_is_refused(length: int) -> None:
    with pytest.raises(SnapshotError):
        open_snapshot(SEALED[:length], fleet.TRUST)


def test_a_key_signs_only_in_its_time() -> None:
    early = replace(fleet.KEY, until_s=fleet.NOON - 1)
    with pytest.raises(SnapshotError, match="did not sign at that time"):
        open_snapshot(SEALED, Trust(fleet.GUOMI, [early]))


def test_another_key_with_the_same_id_is_no_signature() -> None:
    private, public = fleet.GUOMI.sm2_new_key()
    assert key_id_of(public) != fleet.KEY.key_id
    forged = seal(fleet.snapshot(), Signer(fleet.GUOMI, fleet.KEY.key_id, private))
    with pytest.raises(SnapshotError, match="signature"):
        open_snapshot(forged, fleet.TRUST)


@pytest.mark.parametrize(
    "content",
    [
        b"no zlib",
        zlib.compress(b"\xff"),
        zlib.compress(cbor2.dumps([1, "gw", 1, 2, 0, 0, 0, 0]) + b"\0"),
        [],
        [[]],
        [[1, "gw", 1, 2, 0, 0, 0, 0, 0]],
        [[0, "gw", 1, 2, 0, 0, 0, 0]],
        [[1, "gw", 2, 2, 0, 0, 0, 0]],
        [[True, "gw", 1, 2, 0, 0, 0, 0]],
        [[1, "gw", 1, 2, -1, 0, 0, 0]],
        [[1, "gw", 1, 2, 0, 0, 0, 0], []],
        [[1, "gw", 1, 2, 1, 0, 0, 0]],
        [[1, "gw", 1, 2, 1, 0, 0, 0], ["id", "name"]],
        [[1, "gw", 1, 2, 1, 0, 0, 0], ["id", "name", 3]],
        [[1, "gw", 1, 2, 0, 0, 1, 0], ["id", "name", b"short", None, [], []]],
        [[1, "gw", 1, 2, 0, 0, 1, 0], ["id", "name", b"", 9, [], []]],
        [[1, "gw", 1, 2, 0, 0, 0, 1], ["nowhere", "s", ""]],
    ],
)
def test_a_signed_snapshot_of_wrong_form_is_refused(content: object) -> None:
    with pytest.raises(SnapshotError):
        open_snapshot(sealed_anyhow(content), fleet.TRUST)
