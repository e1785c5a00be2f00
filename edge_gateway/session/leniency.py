"""Check bytes that are not as the standard says, taken from terminals whose profile allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.jt808.quirk_frames import open_candidate
from protocols.jt808.quirks import ChecksumLeniency, Profile
from protocols.wire.bcd import identity_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import parse_header

if TYPE_CHECKING:
    from .core import Session

_ALL = ChecksumLeniency(unescaped=True, wrong=True)


def forgiven(session: Session, candidate: bytes) -> bytes | None:
    """The payload of a candidate that the strict reading refused; None when it stays refused."""
    if not session.house.lenient:
        return None
    profile = session.profile or _profile_of(session, candidate)
    if profile is None or profile.checksum == ChecksumLeniency():
        return None
    try:
        return open_candidate(candidate, profile.checksum).payload
    except RemoteProtocolError:
        return None


def _profile_of(session: Session, candidate: bytes) -> Profile | None:
    """Of whom the damaged frame says it comes from; before authentication there is nothing better."""
    if session.identity is not None:
        return None
    try:
        phone = parse_header(open_candidate(candidate, _ALL).payload).phone
    except RemoteProtocolError:
        return None
    return session.house.profile_of(identity_of(phone.hex()), None)
