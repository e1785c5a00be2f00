"""The profiles by name, and one function that makes an envelope of one."""

from typing import Final

from protocols.wire.errors import LocalProtocolError

from .guarded import MAX_AGE_MS, GuardedEnvelope
from .keys import KeyRing
from .plain import Envelope, PlainEnvelope
from .seen import SeenMessages
from .suites import SUITES, Suite

PLAIN: Final = "plain"
GUOMI: Final = "guomi"
RSA_AES: Final = "rsa-aes"
PROFILES: Final = (PLAIN, GUOMI, RSA_AES)


def suite_of(profile: str) -> Suite:
    """The algorithms of a guarded profile. Raises LocalProtocolError for a name that is none."""
    if profile not in SUITES:
        raise LocalProtocolError(f"{profile!r}; there are {', '.join(SUITES)}", field="envelope")
    return SUITES[profile]()


def make_envelope(
    profile: str,
    own: KeyRing | None = None,
    peers: KeyRing | None = None,
    *,
    seen: SeenMessages | None = None,
    max_age_ms: int = MAX_AGE_MS,
) -> Envelope:
    """The envelope of a profile. Raises LocalProtocolError: unknown profile, missing or unfit keys."""
    if profile == PLAIN:
        return PlainEnvelope()
    suite = suite_of(profile)
    if own is None or peers is None:
        raise LocalProtocolError(
            f"profile {profile!r} needs our own keys and those of the peers", field="keys"
        )
    return GuardedEnvelope(profile, suite, own, peers, seen=seen, max_age_ms=max_age_ms)
