"""A code is read as it was signed, fits its symbol, and every reason not to accept it has its own name."""

from dataclasses import replace

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.driver_code.codec import PREFIX, TEXT_CHARS_MAX, StandIn
from protocols.driver_code.content import CodeError, Colour, Content, Holder
from protocols.driver_code.masked_name import masked
from protocols.driver_code.trust import IssuerKey, Revocations, State, Verifier, code_id, key_id_of
from protocols.guomi import choose
from protocols.wire import base45
from protocols.wire.presence import PROOF_CHARACTERS

NOW_S = 1_795_000_000
GUOMI = choose()
CODEC = StandIn(GUOMI)
PRIVATE, PUBLIC = GUOMI.sm2_new_key()
KEY_ID = key_id_of(PUBLIC)
KEY = IssuerKey(KEY_ID, PUBLIC, NOW_S - 86_400, NOW_S + 86_400)
CONTENT = Content(
    Holder.DRIVER, bytes(range(16)), masked("王小明"), "云A12345", 2, ("A2", "B2"), Colour.BLUE,
    NOW_S - 10, NOW_S + 3600, KEY_ID,
)  # fmt: skip
TEXT = CODEC.sign(CONTENT, PRIVATE)


def verdict(text: str = TEXT, now_s: int = NOW_S, key: IssuerKey = KEY, **lists: object) -> State:
    revocations = lists.get("revocations", Revocations(NOW_S))
    return Verifier(GUOMI, CODEC, [key], revocations).verify(text, now_s).state  # type: ignore[arg-type]


def test_a_code_is_read_as_it_was_signed() -> None:
    content, _, _ = CODEC.read(TEXT)
    assert content == CONTENT
    assert verdict() is State.VALID


def test_the_longest_code_fits_version_10_at_level_m_with_its_proof_of_presence() -> None:
    text = CODEC.sign(replace(CONTENT, plate="云AD12345挂", classes=("A1", "A2", "D")), PRIVATE)
    assert len(text) <= TEXT_CHARS_MAX
    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    symbol.add_data(text.ljust(TEXT_CHARS_MAX + PROOF_CHARACTERS, "0"))
    symbol.make(fit=True)
    assert symbol.version <= 10


def test_a_code_that_would_not_fit_is_refused() -> None:
    with pytest.raises(CodeError, match="at most 240 fit"):
        CODEC.sign(replace(CONTENT, masked_name="王" * 20, plate="云" * 12, classes=("学",) * 8), PRIVATE)


@pytest.mark.parametrize(
    "change, field",
    [
        ({"identity_hash": b"530102199001011234"}, "identity_hash"),
        ({"masked_name": "王\n"}, "masked_name"),
        ({"plate": "x" * 13}, "plate"),
        ({"plate_colour": 256}, "plate_colour"),
        ({"valid_until_s": NOW_S - 11}, "valid_until_s"),
        ({"classes": ("A1",) * 9}, "classes"),
        ({"key_id": b"123"}, "key_id"),
    ],
)
def test_fields_are_refused_by_name(change: dict[str, object], field: str) -> None:
    with pytest.raises(CodeError, match=field):
        replace(CONTENT, **change)  # type: ignore[arg-type]


def test_no_identity_number_is_in_the_symbol() -> None:
    _, signed, _ = CODEC.read(TEXT)
    assert "王小明".encode() not in signed
    assert masked("王小明") == "王**"


@pytest.mark.parametrize("at", range(len(PREFIX), len(TEXT), 7))
def test_one_changed_character_is_never_accepted(at: int) -> None:
    changed = TEXT[:at] + ("0" if TEXT[at] != "0" else "1") + TEXT[at + 1 :]
    assert verdict(changed) in {State.NO_CODE, State.UNKNOWN_KEY, State.BAD_SIGNATURE}


@settings(max_examples=200)
@given(
    st.text(max_size=300) | st.binary(max_size=150).map(lambda data: PREFIX + base45.encode(data).decode())
)
def test_any_text_is_no_code_and_no_crash(text: str) -> None:
    assert verdict(text) is State.NO_CODE


def test_every_state_has_its_cause() -> None:
    other_private, other_public = GUOMI.sm2_new_key()
    assert verdict(CODEC.sign(CONTENT, other_private)) is State.BAD_SIGNATURE
    stranger = replace(CONTENT, key_id=key_id_of(other_public))
    assert verdict(CODEC.sign(stranger, other_private)) is State.UNKNOWN_KEY
    assert verdict(key=replace(KEY, until_s=NOW_S - 11)) is State.KEY_NOT_VALID
    assert verdict(now_s=NOW_S - 200) is State.NOT_YET_VALID
    assert verdict(now_s=CONTENT.valid_until_s - 1, revocations=Revocations(NOW_S)) is State.VALID
    assert verdict(now_s=CONTENT.valid_until_s) is State.EXPIRED
    assert verdict(revocations=Revocations(NOW_S, frozenset([code_id(TEXT)]))) is State.REVOKED
    assert verdict(revocations=Revocations(NOW_S - 86_401)) is State.STALE_LIST
    assert verdict(revocations=None) is State.STALE_LIST
    assert verdict(CODEC.sign(replace(CONTENT, colour=Colour.RED), PRIVATE)) is State.RED
    assert verdict(CODEC.sign(replace(CONTENT, colour=Colour.YELLOW), PRIVATE)) is State.VALID


def test_a_revoked_code_is_revoked_by_an_old_list_too() -> None:
    old = Revocations(NOW_S - 10 * 86_400, frozenset([code_id(TEXT)]))
    assert verdict(revocations=old) is State.REVOKED


def test_keys_rotate_and_codes_of_the_old_key_live_on() -> None:
    old = replace(KEY, until_s=NOW_S - 5)
    new_private, new_public = GUOMI.sm2_new_key()
    new = IssuerKey(key_id_of(new_public), new_public, NOW_S - 5, NOW_S + 86_400)
    verifier = Verifier(GUOMI, CODEC, [old, new], Revocations(NOW_S))
    fresh = CODEC.sign(replace(CONTENT, key_id=new.key_id, issued_s=NOW_S), new_private)
    assert verifier.verify(TEXT, NOW_S).accepted
    assert verifier.verify(fresh, NOW_S).accepted
    forged_later = CODEC.sign(replace(CONTENT, issued_s=NOW_S), PRIVATE)
    assert verifier.verify(forged_later, NOW_S).state is State.KEY_NOT_VALID
