"""Quirk profiles chosen by maker and model or by configuration, our keys, and pictures of a session."""

from pathlib import Path

import pytest

import protocols.jt808.profiles
from edge_gateway.config import ConfigError
from edge_gateway.config_file import parse
from edge_gateway.registry import Device, Registry
from edge_gateway.session import House, StoreMedia
from edge_gateway.session.house import house_of, package_limits_of
from edge_gateway.session.profiles import Profiles, ProfilesError, load_profiles

from .session_desk import Desk, payloads
from .support import answers, body_of, frame
from .test_session import Desk as RegisteringDesk
from .test_session import registration

SHIPPED = Path(protocols.jt808.profiles.__file__).parent
DEVICE = Device(53, 1, b"Example", b"battery in item 06", b"1", 2, b"")
PROFILE = 'maker = "DYEDG"\nmodel = "T1"\n'


def test_a_profile_is_chosen_by_maker_and_model_or_by_assignment():
    profiles = load_profiles(SHIPPED, {"013900139000": "check-byte-not-escaped"})
    assert profiles.of("13800138000", DEVICE).edition == 2013
    assert profiles.of("13800138000", Device(53, 1, b"Example", b"other", b"1", 2, b"")) is None
    assert profiles.of("13800138000", None) is None
    assert profiles.of("13900139000", DEVICE).checksum.unescaped, "an assignment comes first"
    assert profiles.lenient and not Profiles().lenient


def test_mistakes_are_named_with_their_file_and_key(tmp_path):
    with pytest.raises(ProfilesError, match=r"terminal_profiles.1380: no profile 'x'; there are: .*battery"):
        load_profiles(SHIPPED, {"1380": "x"})
    (tmp_path / "a.toml").write_text(PROFILE + "edition = 2012\n")
    with pytest.raises(ProfilesError, match=r"a\.toml: edition"):
        load_profiles(tmp_path, {})
    (tmp_path / "a.toml").write_text(PROFILE)
    (tmp_path / "b.toml").write_text(PROFILE)
    with pytest.raises(ProfilesError, match="same maker and model"):
        load_profiles(tmp_path, {})
    with pytest.raises(ProfilesError, match="there is no folder"):
        load_profiles(tmp_path / "nowhere", {})


def test_the_configuration_names_an_unknown_profile(tmp_path):
    with pytest.raises(ConfigError, match="no profile 'nobody'"):
        parse({"sessions": {"terminal_profiles": {"13800138000": "nobody"}}}, tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "default.pem").write_text("no key")
    with pytest.raises(ConfigError, match=r"default\.pem"):
        parse({"sessions": {"rsa_keys_dir": "keys"}}, tmp_path)
    config = parse({"sessions": {"packages_asks": 1, "package_answers": "each"}}, tmp_path)
    limits = package_limits_of(config.sessions)
    assert (limits.asks, limits.answers, limits.idle_ms) == (1, "each", 30_000)


def test_a_profile_is_remembered_through_the_registry_and_forces_its_edition(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "t1.toml").write_text(PROFILE + "edition = 2011\n")
    config = parse({"sessions": {"profiles_dir": "profiles"}}, tmp_path)
    registry = Registry(tmp_path / "registry.db")
    house = house_of(config.sessions, registry)
    desk = RegisteringDesk(registry)
    desk.session.house = house
    code = desk.log_in(2013)
    assert registry.edition_of("13800138000") == 2011 and desk.session.edition == 2011
    again = RegisteringDesk(registry)
    again.session.house = house
    again.say(frame(0x0102, code, 3))
    assert again.session.profile.title == "DYEDG T1" and again.session.edition == 2011
    registry.close()


def test_a_forced_edition_reads_a_registration_by_it():
    """A header of 2019 with a body of 2013, of a terminal that is assigned a profile."""
    profile = load_profiles(SHIPPED, {"13800138000": "forced-2013"})
    desk = Desk(2019, house=House(profile_of=profile.of))
    desk.say(desk.frame(0x0100, registration(2013), 1))
    assert desk.events[0].edition == 2013 and desk.events[0].device.model == b"T1"
    (answer,) = answers(desk.say(desk.frame(0x0102, b"c0de", 2)))
    assert answer.result == 0 and desk.session.edition == 2013


PICTURE = bytes.fromhex("00000007 00 00 01 02") + body_of(1)[:28] + bytes(range(256)) * 10


def picture_desk(edition=2013):
    return Desk(edition, house=House(media=True)).log_in()


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_picture_is_answered_when_it_is_stored(edition):
    desk = picture_desk(edition)
    content = PICTURE if edition != 2011 else PICTURE[:8] + PICTURE[36:]
    assert desk.say(*desk.packages(0x0801, content, 50, 1000)) == b"" and not desk.journalled
    (asked,) = desk.events
    assert isinstance(asked, StoreMedia) and asked.data == bytes(range(256)) * 10
    assert (asked.media_id, asked.event, asked.channel, asked.edition) == (7, 1, 2, edition)
    assert asked.position == (b"" if edition == 2011 else body_of(1)[:28])
    asked.answer(True)
    ((header, said),) = payloads(desk.session.data_to_send())
    assert header.message_id == 0x8800 and said == bytes.fromhex("00000007") + bytes(edition == 2011)


def test_a_package_of_a_stored_picture_is_answered_again_and_stored_once():
    desk = picture_desk()
    frames = desk.packages(0x0801, PICTURE, 50, 1000)
    desk.say(*frames)
    assert desk.say(frames[0]) == b"", "not stored yet"
    desk.events[0].answer(True)
    desk.session.data_to_send()
    ((header, _),) = payloads(desk.say(frames[2]))
    assert header.message_id == 0x8800 and len(desk.events) == 1


def test_missing_packages_of_a_picture_are_named_by_its_number():
    desk = picture_desk()
    frames = desk.packages(0x0801, PICTURE, 50, 500)
    desk.say(frames[0], frames[3])
    ((header, said),) = desk.tick(5000)
    assert header.message_id == 0x8800 and said.hex() == "00000007" + "04" + "0002000300050006"
    late = picture_desk(2019)
    late.say(*late.packages(0x0801, PICTURE, 50, 1000)[1:])
    ((header, said),) = late.tick(5000)
    assert header.message_id == 0x8003 and said.hex() == "0032" + "0001" + "0001", (
        "its number is in package 1"
    )


def test_a_picture_that_cannot_be_stored_may_come_again():
    desk = picture_desk()
    frames = desk.packages(0x0801, PICTURE, 50, 1000)
    desk.say(*frames)
    desk.events[0].answer(False)
    said = answers(desk.session.data_to_send())
    assert [answer.brief for answer in said] == [(0x0801, serial, 1) for serial in (50, 51, 52)]
    desk.say(*frames)
    assert len(desk.events) == 2
    desk.events[1].answer(True)
    ((header, _),) = payloads(desk.session.data_to_send())
    assert header.message_id == 0x8800


def test_an_answer_for_a_session_that_is_gone_is_dropped():
    desk = picture_desk()
    desk.say(*desk.packages(0x0801, PICTURE, 50, 1000))
    desk.say(desk.frame(0x0003))
    desk.session.closed()
    desk.events[0].answer(True)
    assert desk.session.data_to_send() == b""
