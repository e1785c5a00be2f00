"""Every provider gives the standards' answers, refuses what was changed, and survives what is malformed.

Vectors: GB/T 32905-2016 annex A (SM3), GB/T 32907-2016 annex A (SM4), GB/T 32918.5-2017 annexes A and C (SM2
with the recommended curve), RFC 8998 appendix A.1 (SM4-GCM).
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.guomi import Guomi, GuomiError, IntegrityError, available, bare, choose, curve
from protocols.guomi import gmssl_hardened as hardened
from protocols.guomi.door import C1C2C3

DOORS = {name: maker() for name, maker in available().items()}
PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
NONCE_OF_THE_STANDARD = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
C1 = bytes.fromhex(
    "04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
    "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
)
C2 = bytes.fromhex("21886CA989CA9C7D58087307CA93092D651EFA")
C3 = bytes.fromhex("59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766")
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
GCM_NONCE = bytes.fromhex("00001234567800000000ABCD")
GCM_AAD = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
GCM_PLAIN = bytes.fromhex(
    "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
    "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
)
GCM_SEALED = bytes.fromhex(
    "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
    "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    "83DE3541E4C2B58177E065A9BF7B62EC"
)


@pytest.fixture(params=sorted(DOORS))
def door(request: pytest.FixtureRequest) -> Guomi:
    return DOORS[request.param]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_the_pure_provider_and_openssl_are_always_there() -> None:
    assert {"cryptography", "gmssl"} <= set(DOORS)


def test_auto_is_the_best_and_says_who_it_is() -> None:
    assert choose().providers == next(iter(DOORS.values())).providers


def test_a_provider_that_is_not_here_is_named_with_those_that_are() -> None:
    with pytest.raises(GuomiError, match=r"'openssl' is not here; there are: auto, .*gmssl"):
        choose("openssl")


def test_sm3_of_the_standard(door: Guomi) -> None:
    assert door.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert door.sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_sm4_of_the_standard(door: Guomi) -> None:
    assert door.sm4_ecb_encrypt(KEY, KEY)[:16].hex() == "681edf34d206965e86b3e94f536e4246"


def test_gcm_of_rfc_8998(door: Guomi) -> None:
    assert door.sm4_gcm_encrypt(KEY, GCM_NONCE, GCM_PLAIN, GCM_AAD) == GCM_SEALED
    assert door.sm4_gcm_decrypt(KEY, GCM_NONCE, GCM_SEALED, GCM_AAD) == GCM_PLAIN


def test_public_key_of_the_standard(door: Guomi) -> None:
    assert door.sm2_public_of(PRIVATE) == PUBLIC


def test_signature_of_the_standard_is_verified(door: Guomi) -> None:
    assert door.sm2_verify(PUBLIC, b"message digest", SIGNATURE)
    assert door.sm2_verify(b"\x04" + PUBLIC, b"message digest", SIGNATURE)


def test_signature_of_the_standard_is_made_with_its_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardened.secrets, "randbelow", lambda _: NONCE_OF_THE_STANDARD - 1)
    assert DOORS["gmssl"].sm2_sign(PRIVATE, b"message digest") == SIGNATURE


def test_two_signatures_of_one_text_have_two_nonces(door: Guomi) -> None:
    random.seed(1)
    first = door.sm2_sign(PRIVATE, b"text")
    random.seed(1)  # gmssl's own nonce would come again now
    assert first != door.sm2_sign(PRIVATE, b"text")


@pytest.mark.parametrize("cipher, order", [(C1 + C3 + C2, "C1C3C2"), (C1 + C2 + C3, "C1C2C3")])
def test_cipher_text_of_the_standard(door: Guomi, cipher: bytes, order: str) -> None:
    # The x of this point begins with 04 itself: without the prefix only the curve tells.
    assert door.sm2_decrypt(PRIVATE, b"\x04" + cipher, order) == b"encryption standard"
    assert door.sm2_decrypt(PRIVATE, cipher, order) == b"encryption standard"


@pytest.mark.parametrize("signer", sorted(DOORS))
@pytest.mark.parametrize("verifier", sorted(DOORS))
def test_one_signs_and_another_verifies(signer: str, verifier: str) -> None:
    private, public = DOORS[signer].sm2_new_key()
    signature = DOORS[signer].sm2_sign(private, b"code", b"issuer 1")
    assert DOORS[verifier].sm2_verify(public, b"code", signature, b"issuer 1")
    assert not DOORS[verifier].sm2_verify(public, b"code", signature, b"issuer 2")
    assert not DOORS[verifier].sm2_verify(public, b"cOde", signature, b"issuer 1")
    assert not DOORS[verifier].sm2_verify(PUBLIC, b"code", signature, b"issuer 1")


@pytest.mark.parametrize("maker", sorted(DOORS))
@pytest.mark.parametrize("opener", sorted(DOORS))
def test_one_encrypts_and_another_decrypts(maker: str, opener: str) -> None:
    for plain in (b"k", bytes(16), bytes(range(255))):
        cipher = DOORS[maker].sm2_encrypt(PUBLIC, plain, C1C2C3)
        assert DOORS[opener].sm2_decrypt(PRIVATE, cipher, C1C2C3) == plain


def test_a_flipped_bit_of_a_signature_is_noticed(door: Guomi) -> None:
    for at in (0, 31, 32, 63):
        assert door.sm2_verify(PUBLIC, b"message digest", flipped(SIGNATURE, at)) is False


@pytest.mark.parametrize("r", [0, 1, curve.N - 1, curve.N, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, curve.N - 1, curve.N, 2**256 - 1])
def test_signatures_at_the_ends_of_the_range_are_false(door: Guomi, r: int, s: int) -> None:
    assert door.sm2_verify(PUBLIC, b"text", curve.to_bytes(r) + curve.to_bytes(s)) is False


@settings(deadline=None, max_examples=20)
@given(st.binary(max_size=80))
def test_any_bytes_as_signature_are_false(signature: bytes) -> None:
    for each in DOORS.values():
        assert each.sm2_verify(PUBLIC, b"text", signature) is False


def test_a_sum_at_infinity_is_false() -> None:
    """s·G + t·P is infinity when s + t·d = 0: a signature like that can be made by the key's owner."""
    d = int.from_bytes(PRIVATE, "big")
    t = 5
    s = -t * d % curve.N
    r = (t - s) % curve.N
    signature = curve.to_bytes(r) + curve.to_bytes(s)
    for each in DOORS.values():
        assert each.sm2_verify(PUBLIC, b"text", signature) is False


def test_changed_cipher_text_is_refused(door: Guomi) -> None:
    cipher = door.sm2_encrypt(PUBLIC, b"a key of SM4 ...")
    for at in (70, 97, len(cipher) - 1):
        with pytest.raises(IntegrityError):
            door.sm2_decrypt(PRIVATE, flipped(cipher, at))
    with pytest.raises(IntegrityError, match="not on the SM2 curve"):
        door.sm2_decrypt(PRIVATE, flipped(cipher, 5))
    with pytest.raises(IntegrityError, match="no SM2 cipher text"):
        door.sm2_decrypt(PRIVATE, cipher[:96])


def test_changed_sealed_text_is_refused(door: Guomi) -> None:
    for at in (0, len(GCM_SEALED) - 1):
        with pytest.raises(IntegrityError):
            door.sm4_gcm_decrypt(KEY, GCM_NONCE, flipped(GCM_SEALED, at), GCM_AAD)
    with pytest.raises(IntegrityError):
        door.sm4_gcm_decrypt(KEY, GCM_NONCE, GCM_SEALED, b"")
    with pytest.raises(IntegrityError):
        door.sm4_gcm_decrypt(KEY, GCM_NONCE, b"short")


@pytest.mark.parametrize(
    "key, complaint",
    [
        (b"", "0 bytes"),
        (bytes(63), "63 bytes"),
        (b"\x02" + bytes(64), "65 bytes"),
        (bytes(64), "not on the SM2 curve"),
        (flipped(PUBLIC, 63), "not on the SM2 curve"),
        (b"\xff" * 64, "not on the SM2 curve"),
    ],
)
def test_bad_public_keys_are_named(door: Guomi, key: bytes, complaint: str) -> None:
    with pytest.raises(GuomiError, match=complaint):
        door.sm2_verify(key, b"text", SIGNATURE)
    with pytest.raises(GuomiError, match=complaint):
        door.sm2_encrypt(key, b"text")


@pytest.mark.parametrize("key", [b"", bytes(32), curve.to_bytes(curve.N - 1), curve.to_bytes(curve.N)])
def test_bad_private_keys_are_named(door: Guomi, key: bytes) -> None:
    with pytest.raises(GuomiError, match="private key"):
        door.sm2_sign(key, b"text")


def test_keys_that_begin_with_zeros_and_fours_keep_them() -> None:
    """gmssl's own constructor strips them; see the module's head."""
    found = 0
    for scalar in range(1, 2000):
        public = hardened.multiply_base(curve.to_bytes(scalar))
        if public[0] >> 4 not in (0, 4):
            continue
        found += 1
        private = curve.to_bytes(scalar)
        signature = DOORS["gmssl"].sm2_sign(private, b"text")
        assert DOORS["gmssl"].sm2_verify(b"\x04" + public, b"text", signature)
        if found == 3:
            return
    raise AssertionError("no such key among 2,000")


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=70), st.binary(min_size=16, max_size=16), st.binary(max_size=40))
def test_all_providers_give_the_same_bytes(data: bytes, key: bytes, aad: bytes) -> None:
    doors = list(DOORS.values())
    assert len({each.sm3(data) for each in doors}) == 1
    assert len({each.sm3_hmac(key, data) for each in doors}) == 1
    assert len({each.sm4_gcm_encrypt(key, key[:12], data, aad) for each in doors}) == 1
    (cbc,) = {each.sm4_cbc_encrypt(key, key, data) for each in doors}
    (ecb,) = {each.sm4_ecb_encrypt(key, data) for each in doors}
    assert {each.sm4_cbc_decrypt(key, key, cbc) for each in doors} == {data}
    assert {each.sm4_ecb_decrypt(key, ecb) for each in doors} == {data}


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=64))
def test_malformed_cipher_texts_are_errors_of_ours(data: bytes) -> None:
    for each in DOORS.values():
        for call in (
            lambda door: door.sm4_cbc_decrypt(KEY, KEY, data),
            lambda door: door.sm4_ecb_decrypt(KEY, data),
            lambda door: door.sm4_gcm_decrypt(KEY, GCM_NONCE, data),
            lambda door: door.sm2_decrypt(PRIVATE, data),
        ):
            try:
                call(each)
            except GuomiError:
                continue


def test_hmac_takes_long_keys_as_rfc_2104_says() -> None:
    for each in DOORS.values():
        assert each.sm3_hmac(b"k" * 65, b"data") == each.sm3_hmac(each.sm3(b"k" * 65), b"data")


def test_lengths_are_checked_by_name(door: Guomi) -> None:
    with pytest.raises(GuomiError, match="key: 15 bytes, 16 are needed"):
        door.sm4_gcm_encrypt(KEY[:15], GCM_NONCE, b"")
    with pytest.raises(GuomiError, match="nonce: 16 bytes, 12 are needed"):
        door.sm4_gcm_encrypt(KEY, KEY, b"")
    with pytest.raises(GuomiError, match="iv: 12 bytes, 16 are needed"):
        door.sm4_cbc_encrypt(KEY, GCM_NONCE, b"")
    with pytest.raises(GuomiError, match="plain text: 256 bytes"):
        door.sm2_encrypt(PUBLIC, bytes(256))
    with pytest.raises(GuomiError, match="order 'C3'"):
        door.sm2_encrypt(PUBLIC, b"text", "C3")


def test_plain_python_says_what_the_standard_says() -> None:
    """For a machine without a provider: known answers, every length of padding, damaged signatures."""
    assert bare.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    for length in range(130):
        assert bare.sm3(bytes(length)) == choose().sm3(bytes(length)), length
    assert bare.sm2_verify(PUBLIC, b"message digest", SIGNATURE)
    assert not bare.sm2_verify(PUBLIC, b"message digesT", SIGNATURE)
    for at in (0, 31, 32, 63):
        assert not bare.sm2_verify(PUBLIC, b"message digest", flipped(SIGNATURE, at))
    assert not bare.sm2_verify(PUBLIC, b"", bytes(64))
    with pytest.raises(GuomiError, match="not on the SM2 curve"):
        bare.sm2_verify(bytes(63) + b"\1", b"", SIGNATURE)
    private, public = choose().sm2_new_key()
    assert bare.sm2_verify(public, b"x", choose().sm2_sign(private, b"x"))
