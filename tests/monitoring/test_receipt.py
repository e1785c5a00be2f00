"""Receipts: lossless, accounted for, and nothing but RemoteProtocolError for what is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.monitoring.receipt import Receipt, Rejection, decode_receipt, digest_of, encode_receipt
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

DIGEST = digest_of(b"a message")
rejections = st.builds(Rejection, st.binary(min_size=16, max_size=16), st.text(max_size=20))


@given(
    accepted=st.integers(0, 5000), duplicate=st.integers(0, 4000), rejected=st.lists(rejections, max_size=3)
)
def test_a_receipt_comes_back(accepted: int, duplicate: int, rejected: list[Rejection]) -> None:
    count = accepted + duplicate + len(rejected)
    if count:
        receipt = Receipt("gw-1", f"gw-1/9/{count}", DIGEST, accepted, duplicate, tuple(rejected))
        assert decode_receipt(encode_receipt(receipt)) == receipt


def test_a_refusal_comes_back() -> None:
    receipt = Receipt("gw", "gw/1/500", DIGEST, 0, 0, error="check: wrong CRC-32")
    assert decode_receipt(encode_receipt(receipt)) == receipt


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt("gw", "gw/1/5", DIGEST, 4, 0),
        Receipt("gw", "gw/1/5", DIGEST, 5, 1),
        Receipt("gw", "gw/1/5", DIGEST, 5, 0, error="both"),
        Receipt("gw", "other/1/5", DIGEST, 5, 0),
        Receipt("gw", "gw/0/5", DIGEST, 5, 0),
        Receipt("gw", "gw/1/1", DIGEST, 0, 0, (Rejection(b"short", "why"),)),
    ],
)
def test_a_receipt_that_does_not_add_up_is_our_fault(receipt: Receipt) -> None:
    with pytest.raises(LocalProtocolError):
        encode_receipt(receipt)


GOOD = json.loads(encode_receipt(Receipt("gw", "gw/1/2", DIGEST, 1, 0, (Rejection(bytes(16), "why"),))))


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("schema", "dianyun.receipt/2", "schema"),
        ("gateway", "g/w", "gateway"),
        ("batch", "gw/1", "batch"),
        ("batch", "gw/1/3", "batch"),
        ("batch", None, "batch"),
        ("payload_sha256", DIGEST.upper(), "payload_sha256"),
        ("accepted", -1, "accepted"),
        ("accepted", True, "accepted"),
        ("accepted", 10**400, "accepted"),
        ("duplicate", 0.5, "duplicate"),
        ("rejected", {}, "rejected"),
        ("rejected", ["x"], "rejected[0]"),
        ("rejected", [{"record_id": "00", "reason": "why"}], "batch"),
        ("rejected", [{"record_id": "0" * 32}], "rejected[0].reason"),
        ("error", 5, "error"),
    ],
)
def test_a_wrong_receipt_names_the_field(member: str, value: object, field: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_receipt(json.dumps(GOOD | {member: value}).encode())
    assert caught.value.field == field


def test_members_of_later_versions_are_ignored() -> None:
    assert decode_receipt(json.dumps(GOOD | {"signature": {"by": "authority"}}).encode()).accepted == 1


@given(payload=st.binary(max_size=100))
def test_noise_is_no_receipt(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_receipt(payload)
