"""Known answers of the envelopes: a file of vectors, the format by hand, and our code agree.

The vectors' keys are for tests alone and stand in the open.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from protocols.guomi import choose
from protocols.monitoring.envelopes import Key, KeyRing, make_envelope, public_ring
from protocols.monitoring.envelopes.guarded import GuardedEnvelope, _Session
from protocols.monitoring.envelopes.profiles import suite_of

from . import envelope_by_hand as by_hand

PROFILES = ("guomi", "rsa-aes")


@lru_cache
def vectors() -> dict[str, Any]:
    """Profile → its vector; binary values in hex."""
    path = Path(__file__).parents[1] / "vectors" / "envelopes.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def hexed(profile: str, name: str) -> bytes:
    """One value of a vector."""
    return bytes.fromhex(vectors()[profile][name])


def keys_of(profile: str, owner: str) -> KeyRing:
    """The owner's two keys."""
    kind = suite_of(profile).kind
    halves = ("public", "private")
    keys = []
    for use in ("sign", "encrypt"):
        public, private = (hexed(profile, f"{owner}_{use}_{half}") for half in halves)
        keys.append(Key(owner, kind, use, 0, 0, public, private))
    return KeyRing(keys)


def given_of(profile: str) -> by_hand.Given:
    """The vector as the second implementation takes it."""
    one = vectors()[profile]
    return by_hand.Given(
        hexed(profile, "edge-1_sign_public"),
        hexed(profile, "authority_encrypt_public"),
        hexed(profile, "session"),
        one["session_ms"],
        one["issued_ms"],
        one["number"],
        one["topic"],
        one["payload"].encode(),
        hexed(profile, "content_key"),
    )


def made_by_hand(profile: str) -> bytes:
    """The envelope, from the vector's inputs."""
    given = given_of(profile)
    if profile == "guomi":
        numbers = [
            int.from_bytes(hexed(profile, name)) for name in ("edge-1_sign_private", "k_wrap", "k_sign")
        ]
        return by_hand.guomi(given, *numbers)
    private: Any = serialization.load_der_private_key(hexed(profile, "edge-1_sign_private"), None)
    receiver: Any = serialization.load_der_public_key(given.receiver)
    return by_hand.rsa_aes(
        given,
        private.private_numbers().public_numbers.n,
        private.private_numbers().d,
        receiver.public_numbers().n,
        hexed(profile, "oaep_seed"),
        hexed(profile, "pss_salt"),
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_the_format_by_hand_gives_the_vector(profile: str) -> None:
    assert made_by_hand(profile).hex() == vectors()[profile]["envelope"]


@pytest.mark.parametrize("profile", PROFILES)
def test_ours_opens_the_vector(profile: str) -> None:
    one = vectors()[profile]
    envelope = make_envelope(profile, keys_of(profile, "authority"), public_ring(keys_of(profile, "edge-1")))
    opened = envelope.begin(hexed(profile, "envelope"), one["topic"], one["issued_ms"], sender="edge-1")
    assert opened.payload.decode() == one["payload"]
    assert (opened.number, opened.session_ms) == (one["number"], one["session_ms"])


@pytest.mark.parametrize("profile", PROFILES)
def test_ours_seals_the_vector(profile: str) -> None:
    """With the vector's session; only the signature is made anew, and opens."""
    one, envelope = vectors()[profile], hexed(profile, "envelope")

    def session(suite: Any, signing: Key, receiving: Key, _now_ms: int) -> _Session:
        made = _Session(suite, signing, receiving, one["session_ms"])
        made.id, made.content_key = hexed(profile, "session"), hexed(profile, "content_key")
        made.wrapped, made.number = hexed(profile, "wrapped"), one["number"] - 1
        return made

    own, peers = keys_of(profile, "edge-1"), public_ring(keys_of(profile, "authority"))
    ours = GuardedEnvelope(profile, suite_of(profile), own, peers, new_session=session)
    sealed = ours.seal(one["payload"].encode(), one["topic"], one["issued_ms"])
    count = int.from_bytes(envelope[54:56])
    assert sealed[:-count] == envelope[:-count]
    opening = make_envelope(profile, keys_of(profile, "authority"), public_ring(own))
    assert opening.open(sealed, one["topic"], one["issued_ms"]) == one["payload"].encode()


def test_sm2_by_hand_is_sm2() -> None:
    """Otherwise the vectors prove nothing: ours verifies and opens what the hand signs and wraps."""
    private = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
    public = by_hand.number_bytes(*by_hand.times(private, by_hand.G))
    # GB/T 32918.5, the example key pair of its annex.
    assert public.hex().startswith("09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020")
    door = choose()
    assert door.sm2_verify(public, b"text", by_hand.sm2_sign(private, b"text", 12345))
    assert door.sm2_decrypt(private.to_bytes(32), by_hand.sm2_wrap(public, bytes(16), 54321)) == bytes(16)
