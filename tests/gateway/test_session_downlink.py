"""Commands down: written for the terminal's edition, split when long, sent again by package."""

import pytest

from edge_gateway.session import Answered, House
from protocols.jt808.body_encryption import BodyCipher, PrivateKey, PublicKey, key_values
from protocols.jt808.quirks import parse_profile
from protocols.monitoring.records import LIVE
from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from protocols.wire.reassembly import Reassembly

from .session_desk import Desk, body, payloads
from .support import answers, body_of, frame


def key_pair(seed):
    """A deterministic RSA key of 1,024 bits, for tests only: (public, private)."""
    import random

    from cryptography.hazmat.primitives.asymmetric import rsa

    dice = random.Random(seed)

    def prime():
        while True:
            number = dice.getrandbits(512) | 3 << 510 | 1
            if number % 65537 != 1 and all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11)):
                return number

    p, q = prime(), prime()
    d = pow(65537, -1, (p - 1) * (q - 1))
    assert rsa.rsa_recover_prime_factors(p * q, 65537, d) in {(p, q), (q, p)}
    return PublicKey(65537, p * q), PrivateKey(d, p * q)


class Pair:
    """Our key for one terminal."""

    public, private = key_pair(1)


THEIR_PUBLIC, THEIR_PRIVATE = key_pair(2)


def encrypting_house(padding="pkcs1v15"):
    profile = parse_profile({"maker": "M", "model": "T", "encryption": {"padding": padding}})
    return House(profile_of=lambda identity, device: profile, key_of=lambda identity: Pair)


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_command_goes_out_in_the_terminals_layout_and_its_answer_is_told(edition):
    desk = Desk(edition).log_in()
    (serial,) = desk.session.send(0x8201, b"", 0)
    ((header, content),) = payloads(desk.session.data_to_send())
    assert (header.message_id, header.serial, header.phone, content) == (0x8201, serial, desk.phone, b"")
    assert header.edition == (2019 if edition == 2019 else 2013)
    desk.say(desk.frame(0x0001, serial.to_bytes(2, "big") + b"\x82\1\0"))
    assert desk.events == [Answered(0x8201, serial, 0)]


def test_serials_are_one_count_with_the_answers():
    desk = Desk().log_in()
    desk.session.speaker.serial = 65535
    assert desk.session.send(0x8104, b"", 0) == [65535]
    ((header, _),) = payloads(desk.session.data_to_send() and desk.say(desk.frame(0x0002)))
    assert header.serial == 0 and desk.session.send(0x8104, b"", 0) == [1]


@pytest.mark.parametrize("edition", [2013, 2019])
def test_a_long_message_is_split_and_single_packages_are_sent_again_as_they_were(edition):
    desk = Desk(edition).log_in()
    desk.session.speaker.serial = 65534
    content = bytes(range(256)) * 13
    assert desk.session.send(0x8108, content, 0) == [65534, 65535, 0, 1]
    sent = desk.session.data_to_send()
    reassembly = Reassembly()
    wholes = [reassembly.add("", header, piece, 0) for header, piece in payloads(sent)]
    assert wholes == [None, None, None, content]
    count = "0002" if edition == 2019 else "02"
    again = desk.say(desk.frame(0x0005, bytes.fromhex("fffe" + count + "00020009")))
    assert again in sent and [header.number for header, _ in payloads(again)] == [2]
    assert desk.say(desk.frame(0x0005, bytes.fromhex("0000" + count + "00020003"))) == b""
    assert desk.counters["packages_sent_again"] == desk.counters["packages_not_kept"] == 1
    (answer,) = answers(desk.say(desk.frame(0x0005, b"\0", 7)))
    assert answer.brief == (0x0005, 7, 2)


def test_what_cannot_be_sent_is_said_at_once():
    desk = Desk()
    with pytest.raises(LocalProtocolError, match="state connected"):
        desk.session.send(0x8201, b"", 0)
    desk.log_in()
    with pytest.raises(LocalProtocolError, match="not a message of a platform"):
        desk.session.send(0x0200, b"", 0)
    desk.say(desk.frame(0x0003))
    with pytest.raises(LocalProtocolError):
        desk.session.send(0x8201, b"", 0)


def test_a_message_that_the_terminal_never_answers_is_known_as_such():
    profile = parse_profile({"maker": "M", "model": "T", "never_answers": ["0x8104"]})
    desk = Desk(house=House(profile_of=lambda identity, device: profile)).log_in()
    assert not desk.session.expects_answer(0x8104) and desk.session.expects_answer(0x8103)
    assert Desk().log_in().session.expects_answer(0x8104)


def encrypted(desk, message_id, cipher, content, serial=9):
    piece = cipher.encrypt(content)
    return build_frame(build_header(message_id, len(piece), desk.phone, serial, encryption=1) + piece)


@pytest.mark.parametrize("edition", [2013, 2019])
def test_keys_are_exchanged_and_bodies_decrypted_before_anybody_reads_them(edition):
    desk = Desk(edition, house=encrypting_house()).log_in()
    ((header, told),) = payloads(
        desk.say(desk.frame(0x0A00, body(0x0A00, edition, key_values(THEIR_PUBLIC))))
    )
    assert header.message_id == 0x8A00 and told == body(0x8A00, edition, key_values(Pair.public))
    cipher = BodyCipher("pkcs1v15", THEIR_PRIVATE, Pair.public)
    desk.say(encrypted(desk, 0x0200, cipher, body_of(1), 30))
    assert desk.journalled[0].reports == [(30, LIVE, body_of(1))]
    assert desk.commit() == [(0x0200, 30, 0)]
    desk.session.send(0x8300, b"\1" + b"text" * 300, 0)
    sent = payloads(desk.session.data_to_send())
    assert [(header.total, header.number, header.encryption) for header, _ in sent] == [(2, 1, 1), (2, 2, 1)]
    assert b"".join(cipher.decrypt(1, piece) for _, piece in sent) == b"\1" + b"text" * 300


def test_a_terminal_that_does_not_encrypt_is_not_answered_in_cipher():
    desk = Desk(house=encrypting_house()).log_in()
    desk.say(desk.frame(0x0A00, body(0x0A00, 2013, key_values(THEIR_PUBLIC))))
    desk.session.send(0x8300, b"\1text", 0)
    ((header, content),) = payloads(desk.session.data_to_send())
    assert not header.encryption and content == b"\1text"


@pytest.mark.parametrize(
    ("house", "cause", "result"),
    [
        (None, "encrypted", 3),
        (House(key_of=lambda identity: Pair), "encrypted", 3),
        (encrypting_house("off"), "encrypted", 3),
        (encrypting_house(), "cipher", 2),
    ],
)
def test_a_cipher_text_that_we_cannot_read_reaches_no_parser(house, cause, result):
    desk = Desk(house=house).log_in()
    wrong = BodyCipher("pkcs1v15", None, THEIR_PUBLIC)  # not our key
    for message_id in (0x0200, 0x0702, 0x0704):
        (answer,) = answers(desk.say(encrypted(desk, message_id, wrong, body_of(1), 5)))
        assert answer.brief == (message_id, 5, result)
    assert not desk.journalled and not desk.events and desk.counters["refused_" + cause] == 3


def test_a_key_is_refused_where_none_of_ours_is_configured():
    desk = Desk().log_in()
    (answer,) = answers(desk.say(desk.frame(0x0A00, body(0x0A00, 2013, key_values(THEIR_PUBLIC)), 5)))
    assert answer.brief == (0x0A00, 5, 3) and desk.counters["refused_no_key"] == 1


def test_a_forgiven_check_byte_is_forgiven_to_its_terminal_alone():
    profile = parse_profile({"maker": "M", "model": "T", "checksum": {"wrong": True}})
    house = House(
        profile_of=lambda identity, device: profile if identity == "13800138000" else None, lenient=True
    )
    desk = Desk(house=house)
    wrong = bytearray(desk.frame(0x0102, b"c0de", 2))
    wrong[-2] ^= 1
    (answer,) = answers(desk.say(bytes(wrong)))
    assert answer.brief == (0x0102, 2, 0) and desk.counters["forgiven_check"] == 1
    report = bytearray(desk.frame(0x0200, body_of(1), 3))
    report[-2] ^= 1
    desk.say(bytes(report))
    assert desk.journalled[0].reports == [(3, LIVE, body_of(1))]
    stranger = bytearray(frame(0x0102, b"c0de", 2, bytes.fromhex("013900139000")))
    stranger[-2] ^= 1
    other = Desk(house=house)
    assert other.say(bytes(stranger)) == b"" and other.counters["rejected_check"] == 1


def test_a_key_that_was_used_before_authentication_is_not_the_next_terminals():
    """An encrypted 0x0102 of one identity, refused; then another authenticates on the same connection."""
    other = bytes.fromhex("013900139000")
    house = encrypting_house()
    only_one = House(
        profile_of=house.profile_of, key_of=lambda identity: Pair if identity == "13900139000" else None
    )
    desk = Desk(house=only_one)
    cipher = BodyCipher("pkcs1v15", None, Pair.public)
    piece = cipher.encrypt(b"wrong code")
    strange = build_frame(build_header(0x0102, len(piece), other, 1, encryption=1) + piece)
    (answer,) = answers(desk.say(strange))
    assert answer.brief == (0x0102, 1, 1) and desk.counters["refused_wrong_code"] == 1, "decrypted, and wrong"
    desk.log_in()
    (answer,) = answers(desk.say(encrypted(desk, 0x0200, cipher, body_of(1), 5)))
    assert answer.brief == (0x0200, 5, 3) and not desk.journalled
