"""The SM2 curve of GB/T 32918.5 and the checks that every provider relies on. Pure integers."""

from typing import Final

from .errors import GuomiError

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

FIELD_BYTES: Final = 32
PUBLIC_BYTES: Final = 2 * FIELD_BYTES
UNCOMPRESSED: Final = 0x04
DEFAULT_ID: Final = b"1234567812345678"  # GM/T 0009: the signer's id where none was agreed on
ID_BYTES_MAX: Final = 8191  # its length in bits must fit 16 bits


def to_bytes(number: int) -> bytes:
    """A field element or scalar as 32 bytes."""
    return number.to_bytes(FIELD_BYTES, "big")


def public_bytes(key: bytes) -> bytes:
    """x ‖ y (64 bytes) of a public key given so, or with the leading byte 04.

    Raises GuomiError: wrong length or form, or a point that is not on the curve.
    """
    if len(key) == PUBLIC_BYTES + 1 and key[0] == UNCOMPRESSED:
        key = key[1:]
    if len(key) != PUBLIC_BYTES:
        raise GuomiError(f"public key: {len(key)} bytes; 64 (x, y) or 65 with a leading 04 are needed")
    x, y = int.from_bytes(key[:FIELD_BYTES], "big"), int.from_bytes(key[FIELD_BYTES:], "big")
    if x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P:
        raise GuomiError("public key: the point is not on the SM2 curve")
    return bytes(key)


def private_bytes(key: bytes) -> bytes:
    """The private key, unchanged. Raises GuomiError unless it is 32 bytes and 1 ≤ d ≤ n − 2."""
    if len(key) != FIELD_BYTES:
        raise GuomiError(f"private key: {len(key)} bytes, 32 are needed")
    if not 1 <= int.from_bytes(key, "big") <= N - 2:
        raise GuomiError("private key: out of range")
    return bytes(key)


def signature_in_range(signature: bytes) -> bool:
    """Whether it is r ‖ s with 1 ≤ r, s < n (GB/T 32918.2, verification steps 1 and 2)."""
    if len(signature) != 2 * FIELD_BYTES:
        return False
    r, s = (
        int.from_bytes(signature[:FIELD_BYTES], "big"),
        int.from_bytes(signature[FIELD_BYTES:], "big"),
    )
    return 0 < r < N and 0 < s < N and (r + s) % N != 0


def identity_preimage(public: bytes, identity: bytes) -> bytes:
    """What is hashed to Z: bit length of the id, id, a, b, G, public key (GB/T 32918.2 §5.5)."""
    if len(identity) > ID_BYTES_MAX:
        raise GuomiError(f"signer id: {len(identity)} bytes, at most {ID_BYTES_MAX}")
    constants = b"".join(map(to_bytes, (A, B, GX, GY)))
    return (8 * len(identity)).to_bytes(2, "big") + identity + constants + public
