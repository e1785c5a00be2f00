"""Proofs of presence: what a verifier says to good, old, moved, forged and damaged ones."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.driver_code.presence import EPOCH, Verdict, hashed, verify
from protocols.wire import base45
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.presence import CONTEXT, MARK, PROOF_CHARACTERS, proof

KEY = b"\x07" * 32
NOW = datetime(2027, 3, 2, 3, 25, 20, tzinfo=UTC)
CODE = "DYC1:6BF+70790T9WJWG.FKY*4GO0"


def symbol(code: str = CODE, made_at: datetime = NOW, key: bytes = KEY, reference: int = 7) -> str:
    since = made_at - EPOCH
    return code + proof(code.encode(), since.days, since.seconds, reference, key, hashed).decode()


def verdict(text: str, now: datetime = NOW) -> Verdict:
    return verify(text, {7: KEY}.get, now).verdict


def test_a_proof_says_when_and_by_which_key():
    found = verify(symbol(), {7: KEY}.get, NOW)
    assert (found.code, found.verdict, found.made_at, found.key_reference) == (CODE, Verdict.PRESENT, NOW, 7)


def test_the_format_is_the_documented_one():
    """Made by hand from docs/screen.md, with nothing of ours but base45."""
    head = bytes.fromhex("26c2") + (12320).to_bytes(3, "big") + bytes.fromhex("0007")
    tag = hmac.new(KEY, b"dianyun presence 1" + head + CODE.encode(), hashlib.sha256).digest()[:9]
    assert symbol() == CODE + "+DYP1" + base45.encode(head + tag).decode()
    assert len(symbol()) == len(CODE) + PROOF_CHARACTERS and (MARK, CONTEXT) == (
        b"+DYP1",
        b"dianyun presence 1",
    )


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (0, Verdict.PRESENT),
        (90, Verdict.PRESENT),
        (91, Verdict.OLD),
        (86400, Verdict.OLD),
        (-30, Verdict.PRESENT),
        (-31, Verdict.AHEAD),
    ],
)
def test_yesterdays_photograph_is_worth_nothing(age_s, expected):
    assert verdict(symbol(made_at=NOW - timedelta(seconds=age_s))) is expected


def test_other_keys_and_no_proof():
    assert verdict(symbol(key=b"\x08" * 32)) is Verdict.FORGED
    assert verdict(symbol(reference=8)) is Verdict.UNKNOWN_KEY
    assert verdict(CODE) is Verdict.ABSENT
    assert verdict("") is Verdict.ABSENT


def test_a_proof_does_not_go_with_another_code():
    tail = symbol()[-PROOF_CHARACTERS:]
    assert verdict(CODE[:-1] + "1" + tail) is Verdict.FORGED


def test_every_changed_character_is_noticed():
    good = symbol()
    for at in range(len(good)):
        bad = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        assert verdict(bad) is not Verdict.PRESENT


@given(st.text(max_size=80))
def test_nothing_that_is_scanned_makes_it_fail(text):
    assert verdict(text) is not Verdict.PRESENT
    assert verdict(text + "+DYP1" + text[:24]) is not Verdict.PRESENT


@given(st.binary(max_size=200))
def test_base45_there_and_back(data):
    assert base45.decode(base45.encode(data)) == data


def test_base45_of_the_standard():
    """RFC 9285, section 4.3 and 4.4."""
    for text, data in ((b"BB8", b"AB"), (b"%69 VD92EX0", b"Hello!!"), (b"UJCLQE7W581", b"base-45")):
        assert base45.encode(data) == text and base45.decode(text) == data


@pytest.mark.parametrize("text", [b"A", b"ABCD", b":::", b"::", b"ab", b"AB\xff"])
def test_what_no_encoder_writes_is_refused(text):
    with pytest.raises(RemoteProtocolError):
        base45.decode(text)
