"""RSA on bodies: opened and closed when configured, refused loudly when not, never parsed closed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import codec, walk
from protocols.jt808.body_encryption import (
    BodyCipher,
    PrivateKey,
    PublicKey,
    key_values,
    public_key_of,
)
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.header import build_header

# Two primes of 512 bits: the least above 2^511 + 2^510 and the greatest below 2^512 with p − 1 and q − 1
# prime to 65537, found once by Fermat's test. A key for tests only.
P = (1 << 511) + (1 << 510) + 761
Q = (1 << 512) - 569
E = 65537
MODULUS = P * Q
OWN = PrivateKey(pow(E, -1, (P - 1) * (Q - 1)), MODULUS)
PEER = PublicKey(E, MODULUS)
PHONE = bytes.fromhex("013800138000")
BASIC = bytes.fromhex("000000000000000301dc89d0073d8aa5000c025d005a250102030405")
PADDED = BodyCipher("pkcs1v15", OWN, PEER)
RAW = BodyCipher("none", OWN, PEER)


def payload(body: bytes, encryption: int = 1, message_id: int = 0x0200, **more: int) -> bytes:
    return build_header(message_id, len(body), PHONE, 1, encryption=encryption, **more) + body


def test_the_test_key_is_a_key():
    for prime in (P, Q):
        assert all(pow(base, prime - 1, prime) == 1 for base in (2, 3, 5, 7, 11))


def test_keys_come_from_the_messages_and_go_into_them():
    for message_id in (0x0A00, 0x8A00):
        body = walk.encode_body(message_id, 2013, key_values(PEER))
        assert body == E.to_bytes(4, "big") + MODULUS.to_bytes(128, "big")
        assert public_key_of(walk.decode_body(message_id, 2013, body)) == PEER


@pytest.mark.parametrize(("e", "n"), [(1, MODULUS), (4, MODULUS), (E, MODULUS - 1), (E, 3), (E, 0)])
def test_what_is_no_key_is_refused(e, n):
    with pytest.raises(RemoteProtocolError):
        public_key_of({"exponent": e, "modulus": n.to_bytes(128, "big")})
    if e > 2 and n != MODULUS:
        with pytest.raises(LocalProtocolError):
            BodyCipher("none", peer=PublicKey(e, n))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.binary(max_size=7 * 117))
def test_padded_bodies_of_any_length_come_back(body):
    assert PADDED.decrypt(1, PADDED.encrypt(body)) == body


def test_raw_blocks_are_the_plain_power():
    body = bytes(range(128))
    closed = RAW.encrypt(body)
    assert int.from_bytes(closed, "big") == pow(int.from_bytes(body, "big"), E, MODULUS)
    assert RAW.decrypt(1, closed) == body


@pytest.mark.parametrize(
    ("cipher", "body"),
    [
        (RAW, b""),
        (RAW, bytes(127)),
        (RAW, b"\xff" * 128),
        (RAW, bytes(1024)),
        (PADDED, bytes(7 * 117 + 1)),
        (BodyCipher("off", OWN, PEER), bytes(128)),
        (BodyCipher("pkcs1v15", OWN), b"a"),
    ],
)
def test_what_cannot_be_encrypted_is_refused(cipher, body):
    with pytest.raises(LocalProtocolError):
        cipher.encrypt(body)


@pytest.mark.parametrize(
    ("cipher", "encryption", "body"),
    [
        (PADDED, 1, b""),
        (PADDED, 1, bytes(129)),
        (PADDED, 1, bytes(128)),
        (PADDED, 1, b"\xff" * 128),
        (PADDED, 2, bytes(128)),
        (BodyCipher("off", OWN), 1, bytes(128)),
        (BodyCipher("none", peer=PEER), 1, bytes(128)),
    ],
)
def test_what_cannot_be_decrypted_is_refused(cipher, encryption, body):
    with pytest.raises(RemoteProtocolError):
        cipher.decrypt(encryption, body)


def test_a_message_is_opened_and_its_bytes_are_kept():
    closed = PADDED.encrypt(BASIC)
    message = codec.decode_payload(payload(closed), cipher=PADDED)
    assert message["decrypted"]["body"]["speed_dkmh"] == 605 and message["body_hex"] == closed.hex()
    assert codec.encode_message(message)[1:-2].startswith(payload(closed)[:2])
    assert codec.decode_frame(codec.encode_message(message)) == codec.decode_payload(payload(closed))


def test_a_message_is_closed_by_its_cipher_or_refused():
    plain = codec.decode_payload(payload(BASIC, encryption=0)) | {"encryption": 1}
    message = codec.decode_frame(codec.encode_message(plain, cipher=PADDED), cipher=PADDED)
    assert message["decrypted"]["body"] == plain["body"]
    with pytest.raises(LocalProtocolError, match="encryption"):
        codec.encode_message(plain)
    with pytest.raises(LocalProtocolError, match="encryption"):
        codec.encode_message(plain | {"encryption": 2}, cipher=PADDED)


@pytest.mark.parametrize("message_id", [0x0100, 0x0200, 0x0702])
def test_cipher_text_never_reaches_a_parser(message_id, monkeypatch):
    def parsed(*_arguments):
        raise AssertionError("cipher text was parsed")

    for module, name in ((codec.walk, "decode_into"), (codec, "edition_of_body")):
        monkeypatch.setattr(module, name, parsed)
    for cipher in (None, BodyCipher("off"), PADDED):
        message = codec.decode_payload(payload(BASIC, message_id=message_id), cipher=cipher)
        assert message["body_hex"] == BASIC.hex() and "decrypted" not in message
        assert ("error" in message) == (cipher is not None)


def test_each_piece_of_a_message_is_opened_by_itself():
    closed = PADDED.encrypt(b"a piece")
    message = codec.decode_payload(payload(closed, total=2, number=1), cipher=PADDED)
    assert message["decrypted"] == {"body_hex": b"a piece".hex()}


def test_a_private_key_is_not_shown():
    assert str(OWN.exponent) not in repr(OWN)
