"""The envelope a second time, by hand, with every random number given: nothing of ours is imported here.

SM2, RSA-OAEP and RSA-PSS are written out over integers; only SM3, SHA-256, SM4-GCM and AES-GCM come from
`cryptography`. Slow and not for use: it exists to disagree with our sealer where that is wrong.
"""

from hashlib import sha256
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

try:
    from cryptography.hazmat.primitives.ciphers.algorithms import SM4
except ImportError:
    from cryptography.hazmat.decrepit.ciphers.algorithms import SM4  # type: ignore[attr-defined,no-redef]

# GB/T 32918.5
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A, B = P - 3, 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None


def sm3(data: bytes) -> bytes:
    """By OpenSSL."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number: int, point: Point) -> tuple[int, int]:
    """number · point."""
    found: Point = None
    while number:
        if number & 1:
            found = _add(found, point)
        point, number = _add(point, point), number >> 1
    assert found is not None
    return found


def number_bytes(*numbers: int) -> bytes:
    """32 bytes each."""
    return b"".join(number.to_bytes(32) for number in numbers)


def sm2_sign(private: int, data: bytes, k: int) -> bytes:
    """GB/T 32918.2 with the default identity."""
    identity = b"1234567812345678"
    z = sm3((8 * len(identity)).to_bytes(2) + identity + number_bytes(A, B, *G, *times(private, G)))
    r = (int.from_bytes(sm3(z + data)) + times(k, G)[0]) % N
    s = pow(1 + private, -1, N) * (k - r * private) % N
    return number_bytes(r, s)


def sm2_wrap(public: bytes, key: bytes, k: int) -> bytes:
    """GB/T 32918.4, order C1C3C2; a key of at most 32 bytes."""
    point = (int.from_bytes(public[:32]), int.from_bytes(public[32:]))
    x, y = times(k, point)
    mask = sm3(number_bytes(x, y) + (1).to_bytes(4))
    hidden = bytes(one ^ other for one, other in zip(key, mask, strict=False))
    return b"\4" + number_bytes(*times(k, G)) + sm3(number_bytes(x) + key + number_bytes(y)) + hidden


def _mgf1(seed: bytes, count: int) -> bytes:
    blocks = [sha256(seed + number.to_bytes(4)).digest() for number in range(-(-count // 32))]
    return b"".join(blocks)[:count]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def oaep_wrap(modulus: int, key: bytes, seed: bytes) -> bytes:
    """RFC 8017, 7.1.1, with SHA-256, no label, exponent 65537."""
    size = (modulus.bit_length() + 7) // 8
    block = sha256(b"").digest() + bytes(size - len(key) - 66) + b"\1" + key
    masked = _xor(block, _mgf1(seed, len(block)))
    encoded = b"\0" + _xor(seed, _mgf1(masked, 32)) + masked
    return pow(int.from_bytes(encoded), 65537, modulus).to_bytes(size)


def pss_sign(modulus: int, exponent: int, data: bytes, salt: bytes) -> bytes:
    """RFC 8017, 9.1.1, with SHA-256; the modulus has whole bytes."""
    size = modulus.bit_length() // 8
    digest = sha256(bytes(8) + sha256(data).digest() + salt).digest()
    block = bytes(size - len(salt) - 34) + b"\1" + salt
    masked = bytearray(_xor(block, _mgf1(digest, len(block))))
    masked[0] &= 0x7F
    return pow(int.from_bytes(bytes(masked) + digest + b"\xbc"), exponent, modulus).to_bytes(size)


class Given(NamedTuple):
    """What a message is made of. sender, receiver: public keys as the key file has them."""

    sender: bytes
    receiver: bytes
    session: bytes
    began_ms: int
    issued_ms: int
    number: int
    topic: str
    payload: bytes
    content_key: bytes


def head(profile: int, given: Given, wrapped: bytes, signature_bytes: int) -> bytes:
    """The 56 bytes, one after the other."""
    ids = sha256(given.sender).digest()[:8] + sha256(given.receiver).digest()[:8]
    numbers = b"".join(number.to_bytes(8) for number in (given.began_ms, given.issued_ms, given.number))
    return (
        b"DE\1" + bytes([profile]) + ids + given.session + numbers
        + len(wrapped).to_bytes(2) + signature_bytes.to_bytes(2)
    )  # fmt: skip


def _covered(given: Given, start: bytes, wrapped: bytes) -> bytes:
    return b"dianyun.envelope/1\0" + given.topic.encode() + b"\0" + start + wrapped


def guomi(given: Given, private: int, k_wrap: int, k_sign: int) -> bytes:
    """A whole envelope of profile guomi."""
    wrapped = sm2_wrap(given.receiver, given.content_key, k_wrap)
    start = head(1, given, wrapped, 64)
    worker = Cipher(SM4(given.content_key), modes.GCM(bytes(4) + given.number.to_bytes(8))).encryptor()
    worker.authenticate_additional_data(_covered(given, start, wrapped))
    sealed = worker.update(given.payload) + worker.finalize() + worker.tag
    signature = sm2_sign(private, _covered(given, start, wrapped) + sealed, k_sign)
    return start + wrapped + sealed + signature


def rsa_aes(
    given: Given, modulus: int, exponent: int, receiver_modulus: int, seed: bytes, salt: bytes
) -> bytes:
    """A whole envelope of profile rsa-aes; modulus and (private) exponent of the sender."""
    wrapped = oaep_wrap(receiver_modulus, given.content_key, seed)
    start = head(2, given, wrapped, modulus.bit_length() // 8)
    covered = _covered(given, start, wrapped)
    sealed = AESGCM(given.content_key).encrypt(bytes(4) + given.number.to_bytes(8), given.payload, covered)
    return start + wrapped + sealed + pss_sign(modulus, exponent, covered + sealed, salt)
