"""Two sides that trust each other, made once for each profile: RSA keys take their time."""

from functools import lru_cache

from protocols.monitoring.envelopes import KeyRing, make_envelope, new_keys, public_ring
from protocols.monitoring.envelopes.guarded import GuardedEnvelope
from protocols.monitoring.envelopes.profiles import suite_of
from protocols.monitoring.envelopes.seen import SeenMessages

NOW_MS = 1_790_000_000_000
TOPIC = "gov/v1/pos/edge-1"
GUARDED = ("guomi", "rsa-aes")


@lru_cache
def ring(profile: str, owner: str) -> KeyRing:
    """One owner's private keys."""
    return KeyRing(new_keys(suite_of(profile), owner, NOW_MS - 1000))


def side(
    profile: str, owner: str, *peers: str, seen: SeenMessages | None = None, max_age_ms: int = 3_600_000
) -> GuardedEnvelope:
    """The envelope of `owner`, who knows `peers`."""
    known = KeyRing(key for peer in peers for key in public_ring(ring(profile, peer)).keys)
    envelope = make_envelope(profile, ring(profile, owner), known, seen=seen, max_age_ms=max_age_ms)
    assert isinstance(envelope, GuardedEnvelope)
    return envelope
