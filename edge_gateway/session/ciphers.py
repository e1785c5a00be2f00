"""RSA on bodies: keys told by 0x0A00 and 0x8A00, bodies made plain before anybody reads them.

What cannot be decrypted is refused and counted; a cipher text goes no further than this file. How far RSA of
JT/T 808 protects (not far) is said in `protocols.jt808.body_encryption`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.jt808 import fast
from protocols.jt808.body_encryption import RSA, BodyCipher, Padding, key_values, public_key_of
from protocols.wire.bcd import identity_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2013, Header
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_UNSUPPORTED

from .ids import MSG_PLATFORM_KEY
from .packages import Received
from .refusal import Refusal

if TYPE_CHECKING:
    from .core import Session


def plain_body(session: Session, header: Header, body: bytes) -> bytes:
    """The body in the clear. Raises Refusal."""
    cipher = cipher_of(session, identity_of(header.phone.hex()))
    if cipher is None or header.encryption != RSA:
        raise Refusal(RESULT_UNSUPPORTED, "encrypted")
    try:
        plain = cipher.decrypt(header.encryption, body)
    except RemoteProtocolError:
        # Says no more than that: why it does not decrypt would help to decrypt it.
        raise Refusal(RESULT_BAD_MESSAGE, "cipher") from None
    session.speaks_rsa = True
    return plain


def cipher_of(session: Session, identity: str) -> BodyCipher | None:
    """By our key for this terminal and the padding of its profile; None without either."""
    if session.cipher is None:
        pair = session.house.key_of(identity)
        profile = session.profile or session.house.profile_of(identity, None)
        padding: Padding = profile.encryption.padding if profile else "off"
        if pair is None or padding == "off":
            return None
        session.cipher = BodyCipher(padding, pair.private)
    return session.cipher


def terminal_key(session: Session, received: Received) -> None:
    """0x0A00: its key is used from now on, ours is told by 0x8A00. Raises Refusal without a key of ours."""
    identity = session.identity
    assert identity is not None, "only an authenticated terminal gets here"
    values = fast.decode_body(received.header.message_id, EDITION_2013, received.body)
    peer = public_key_of(values)
    pair, cipher = session.house.key_of(identity), cipher_of(session, identity)
    if pair is None or cipher is None:
        raise Refusal(RESULT_UNSUPPORTED, "no_key")
    cipher.peer = peer
    session.say(received.header, MSG_PLATFORM_KEY, session.edition, key_values(pair.public))


def encrypting(session: Session) -> BodyCipher | None:
    """What commands are encrypted by: only for a terminal that told its key and encrypts by itself."""
    cipher = session.cipher
    return cipher if cipher is not None and session.speaks_rsa and cipher.peer is not None else None
