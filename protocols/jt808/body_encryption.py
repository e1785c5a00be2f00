"""RSA on message bodies (bit 10 of the attributes), by the keys that 0x0A00 and 0x8A00 carry.

For interoperability only: this is no protection worth the name. RSA of 1,024 bits is within reach of the
well-funded, the keys are exchanged in clear and unsigned, so anyone on the path can put in his own, and
nothing proves who wrote a body. Run JT/T 808 inside TLS or a VPN instead.

unverified: the standard gives e (DWORD) and n (128 bytes) and no more. Block size and padding are therefore
configured ("off" unless said otherwise), and each block of cipher text is taken to be as long as n. The
arithmetic is that of plain integers, which takes as long as they need: its timing tells of the private key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.header import BODY_LENGTH_MAX

Padding = Literal["off", "none", "pkcs1v15"]

RSA = 1  # the value of bits 10–12; all others are reserved
BLOCK_BYTES = 128  # of the modulus
EXPONENT_MAX = 0xFFFFFFFF
PKCS1V15_OVERHEAD_BYTES = 11  # 00 02, at least eight random bytes, 00 (RFC 8017 §7.2.1)
_PADDING_LEAST_BYTES = 8


class PublicKey(NamedTuple):
    """(e, n): what a side tells the other."""

    exponent: int
    modulus: int


class PrivateKey(NamedTuple):
    """(d, n): what a side keeps. Never shown, in no message."""

    exponent: int
    modulus: int

    def __repr__(self) -> str:
        return "PrivateKey(…)"


def public_key_of(values: dict[str, Any]) -> PublicKey:
    """The key of the wire values of a 0x0A00 or 0x8A00.

    Raises RemoteProtocolError for what can be no such key.
    """
    key = PublicKey(values["exponent"], int.from_bytes(values["modulus"], "big"))
    if key.exponent < 3 or key.exponent % 2 == 0:
        raise RemoteProtocolError(f"{key.exponent} is no public exponent", field="exponent")
    if not is_modulus(key.modulus):
        raise RemoteProtocolError("not an odd number of 1,017 to 1,024 bits", field="modulus")
    return key


def key_values(key: PublicKey) -> dict[str, Any]:
    """The wire values of the 0x0A00 or 0x8A00 that tells a key. Raises LocalProtocolError."""
    if not 3 <= key.exponent <= EXPONENT_MAX or not is_modulus(key.modulus):
        raise LocalProtocolError("the key does not fit e[4], n[128]", field="modulus")
    return {"exponent": key.exponent, "modulus": key.modulus.to_bytes(BLOCK_BYTES, "big")}


class BodyCipher:
    """Encrypts for the peer and decrypts for us, each piece of a message by itself.

    `padding` "none": raw blocks of 128 bytes, each below n; it cannot say where a body ends, so a body that
    is not made of whole blocks is refused. "pkcs1v15": blocks of up to 117 bytes, padded behind 00 02.
    `random_bytes` fills that padding.
    """

    def __init__(
        self,
        padding: Padding,
        own: PrivateKey | None = None,
        peer: PublicKey | None = None,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        for key in (own, peer):
            if key is not None and not is_modulus(key.modulus):
                raise LocalProtocolError("not an odd number of 1,017 to 1,024 bits", field="modulus")
        self.padding = padding
        self.own = own
        self.peer = peer
        self._random_bytes = random_bytes

    def decrypt(self, encryption: int, body: bytes) -> bytes:
        """The plain body behind bits 10–12 of its header and its cipher text.

        Raises RemoteProtocolError: refused, because we have no key or padding for it, or because it does not
        decrypt. The reason never tells how far a block got, for that would help to decrypt it.
        """
        if encryption != RSA or self.padding == "off" or self.own is None:
            raise RemoteProtocolError(f"encrypted (value {encryption}), and not by what is configured")
        if not body or len(body) % BLOCK_BYTES:
            raise RemoteProtocolError(f"{len(body)} bytes are no whole blocks of {BLOCK_BYTES}")
        blocks = [_power(block, self.own) for block in _pieces(body, BLOCK_BYTES)]
        if self.padding == "pkcs1v15":
            blocks = [_unpadded(block) for block in blocks]
        if None in blocks:
            raise RemoteProtocolError("does not decrypt")
        return b"".join(block for block in blocks if block is not None)

    def encrypt(self, body: bytes) -> bytes:
        """The cipher text of a body, for a header whose bits 10–12 say RSA.

        Raises LocalProtocolError when there is no key, or the body cannot be encrypted by this padding.
        """
        if self.padding == "off" or self.peer is None:
            raise LocalProtocolError("no padding or no key of the peer is configured", field="encryption")
        if self.padding == "none":
            blocks = _pieces(body, BLOCK_BYTES)
            if not body or len(body) % BLOCK_BYTES:
                raise LocalProtocolError("without padding only whole blocks can be encrypted", field="body")
        else:
            pieces = _pieces(body, BLOCK_BYTES - PKCS1V15_OVERHEAD_BYTES) or [b""]
            blocks = [self._padded(piece) for piece in pieces]
        if len(blocks) * BLOCK_BYTES > BODY_LENGTH_MAX:
            raise LocalProtocolError(f"{len(blocks)} blocks do not fit one frame", field="body")
        encrypted = [_power(block, self.peer) for block in blocks]
        if None in encrypted:
            raise LocalProtocolError("a block is not below the modulus", field="body")
        return b"".join(block for block in encrypted if block is not None)

    def _padded(self, piece: bytes) -> bytes:
        wanted = BLOCK_BYTES - 3 - len(piece)
        filling = b""
        while len(filling) < wanted:
            filling += self._random_bytes(wanted - len(filling)).replace(b"\x00", b"")
        return b"\x00\x02" + filling + b"\x00" + piece


def is_modulus(modulus: int) -> bool:
    """Whether it can be the n of a message: odd, and 128 bytes long or a few bits less."""
    return modulus % 2 == 1 and modulus.bit_length() in range(8 * BLOCK_BYTES - 7, 8 * BLOCK_BYTES + 1)


def _power(block: bytes, key: PublicKey | PrivateKey) -> bytes | None:
    number = int.from_bytes(block, "big")
    if number >= key.modulus:
        return None
    return pow(number, key.exponent, key.modulus).to_bytes(BLOCK_BYTES, "big")


def _unpadded(block: bytes | None) -> bytes | None:
    if block is None or not block.startswith(b"\x00\x02"):
        return None
    end = block.find(b"\x00", 2)
    return block[end + 1 :] if end >= 2 + _PADDING_LEAST_BYTES else None


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
