"""Quirk profiles: checked like configuration, read what a model really sends, give back every byte."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from protocols.jt808 import codec, walk
from protocols.jt808.cli import app
from protocols.jt808.explain import explain_frame
from protocols.jt808.quirk_frames import open_candidate, open_whole
from protocols.jt808.quirks import ChecksumLeniency, ProfileError, load_profile, parse_profile
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import FrameSplitter, build_frame, escape
from protocols.wire.header import build_header
from tests.vectors import load

from .strategies import DECLARED, fields, wire_values

FOLDER = Path(codec.__file__).parent / "profiles"
PROFILES = {path.stem: load_profile(path) for path in sorted(FOLDER.glob("*.toml"))}
VECTORS = load("quirks")
PHONE = bytes.fromhex("013800138000")
EVERYTHING = parse_profile(
    {
        "maker": "Test",
        "model": "all habits",
        "charset": "big5",
        "time_zone": "-03:30",
        "never_answers": ["0x8104"],
        "checksum": {"unescaped": True, "wrong": True},
        "items": {
            "0x01": {"name": "odometer_m", "form": "twos_complement", "width": 3},
            "0x06": {"name": "temperature", "form": "sign_magnitude", "width": 2},
            "0x30": {"name": "note", "form": "text"},
            "0x64": {"name": "lock", "form": "raw"},
            "0xE1": {"name": "volts", "form": "unsigned", "width": 2},
            "0xE2": {"name": "io", "form": "bits", "width": 1, "names": {"0": "pump", "7": "lid"}},
            "0xE3": {
                "name": "gear",
                "form": "unsigned",
                "width": 1,
                "names": {"0x0": "neutral", "1": "first"},
            },
            "0xE4": {
                "name": "cold_store",
                "form": "fields",
                "fields": [
                    {"name": "front", "form": "twos_complement", "width": 2},
                    {"name": "door", "width": 1},
                    {"name": "note", "form": "text", "width": 4},
                ],
            },
        },
        "dialect": {"terminal_id_bytes": 20, "reserved_bytes": 3},
        "values": {
            "0x8500": {"door": {"0": "lock", "1": "unlock"}},
            "0x0100": {"plate_colour": {"6": "pink"}},
        },
        "bits": {"0x0200": {"status": {"8": "half_or_full", "30": "trailer"}}},
    }
)


def ids(vector: dict) -> str:
    return vector["name"].replace(" ", "-")


@pytest.mark.parametrize("vector", VECTORS, ids=ids)
def test_a_vector_reads_as_its_source_says_and_comes_back(vector):
    profile, frame = PROFILES[vector["profile"]], bytes.fromhex(vector["frame"])
    message = codec.decode_frame(frame, profile=profile)
    assert message["edition"] == vector["edition"] and message["profile"] == profile.title
    assert {key: message[key] for key in vector["message"]} == vector["message"]
    assert {key: message["body"][key] for key in vector["body"]} == vector["body"]
    assert codec.encode_message(json.loads(json.dumps(message)), profile) == frame
    assert explain_frame(frame, profile=profile).problems == []


def test_every_example_has_a_vector():
    assert {vector["profile"] for vector in VECTORS} == set(PROFILES)


def test_without_its_profile_a_frame_says_less_and_on_a_stream_it_is_refused():
    assert codec.decode_frame(bytes.fromhex(VECTORS[0]["frame"]))["body"]["items"][0]["value"] == {
        "hex": "55"
    }
    for vector in VECTORS[2:4]:
        frame = bytes.fromhex(vector["frame"])
        message = codec.decode_frame(frame)
        assert message["check_unescaped"] is True and codec.encode_message(message) == frame
        assert message.get("body") != vector["body"]
        for candidate in FrameSplitter().split(frame):
            with pytest.raises(RemoteProtocolError):
                open_candidate(candidate)


@pytest.mark.parametrize("profile", [*PROFILES.values(), EVERYTHING], ids=lambda profile: profile.model)
@pytest.mark.parametrize("vector", load("frames"), ids=ids)
def test_frames_without_fault_come_back_under_every_profile(vector, profile):
    frame = bytes.fromhex(vector["frame"])
    message = codec.decode_frame(frame, profile=profile)
    assert "check" not in message and "check_unescaped" not in message
    assert codec.encode_message(message, profile) == frame
    assert (
        codec.encode_message(codec.decode_payload(open_whole(frame).payload, None, profile), profile) == frame
    )


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(data=st.data())
def test_any_body_and_any_check_byte_come_back(data):
    message_id, edition = data.draw(st.sampled_from(DECLARED))
    body = walk.encode_body(message_id, edition, data.draw(wire_values(message_id, edition)))[:1023]
    payload = build_header(message_id, len(body), PHONE, data.draw(st.integers(0, 0xFFFF))) + body
    check = bytes([data.draw(st.integers(0, 255))])
    frame = b"\x7e" + escape(payload) + data.draw(st.sampled_from([check, escape(check)])) + b"\x7e"
    try:
        message = codec.decode_frame(frame, edition, EVERYTHING)
    except RemoteProtocolError:
        assert check in (b"\x7d", b"\x7e")  # unescaped and wrong at once
        return
    assert codec.encode_message(json.loads(json.dumps(message)), EVERYTHING) == frame
    explain_frame(frame, edition, EVERYTHING)


@given(st.binary(max_size=60), st.booleans(), st.booleans())
def test_leniency_raises_only_the_remote_error(data, unescaped, wrong):
    leniency = ChecksumLeniency(unescaped=unescaped, wrong=wrong)
    for read in (open_candidate, open_whole):
        try:
            read(data, leniency)
        except RemoteProtocolError:
            continue
    explain_frame(b"\x7e" + data + b"\x7e", profile=EVERYTHING)


def test_on_a_stream_the_unescaped_7e_is_the_delimiter_itself():
    frame = bytes.fromhex(VECTORS[3]["frame"])
    profile = PROFILES["check-byte-not-escaped"]
    candidates = FrameSplitter().split(frame + frame)
    assert [open_candidate(each, profile.checksum) for each in candidates] == [
        open_whole(frame, profile.checksum)
    ] * 2


def test_a_wrong_check_is_taken_only_when_allowed_and_given_back():
    frame = bytearray.fromhex("7e000200000138001380000001a97e")
    frame[-2] = 0x55
    message = codec.decode_frame(bytes(frame), profile=EVERYTHING)
    assert message["check"] == "0x55" and codec.encode_message(message, EVERYTHING) == frame
    assert "error" not in message
    message = codec.decode_frame(bytes(frame), profile=PROFILES["check-byte-not-escaped"])
    assert message["check"] == "0x55" and "check byte" in message["error"]
    with pytest.raises(RemoteProtocolError, match="check"):
        open_candidate(bytes(frame[1:-1]), PROFILES["check-byte-not-escaped"].checksum)


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ("06028005", -5),
        ("0602fffb", -32763),
        ("0103ffffff", -1),
        ("0104000000ff", {"hex": "000000ff"}),
        ("3002a4a4", "中"),
        ("6402abcd", {"hex": "abcd"}),
        ("e1020102", 258),
        ("310109", 9),
        ("e20181", ["pump", "lid"]),
        ("e30101", "first"),
        ("e30109", 9),
        ("e407fffe01d6d02100", {"front": -2, "door": 1, "note": "笢!"}),
        ("e40100", {"hex": "00"}),
    ],
)
def test_items_mean_what_the_profile_says(item, shown):
    basic = bytes.fromhex("000000000000000301dc89d0073d8aa5000c025d005a250102030405")
    body = basic + bytes.fromhex(item)
    message = codec.decode_payload(build_header(0x0200, len(body), PHONE, 1) + body, None, EVERYTHING)
    assert message["body"]["items"][0]["value"] == shown
    assert message["body"]["time_bcd"].endswith("-03:30")
    assert codec.encode_message(message, EVERYTHING) == build_frame(
        build_header(0x0200, len(body), PHONE, 1) + body
    )


def test_values_and_bits_are_called_what_the_profile_says():
    frame = build_frame(build_header(0x8500, 1, PHONE, 1) + b"\x00")
    message = codec.decode_frame(frame, profile=EVERYTHING)
    assert message["body"] == {"door": "lock"} and codec.encode_message(message, EVERYTHING) == frame
    body = bytes.fromhex("00000000 40000301".replace(" ", "")) + bytes(20)
    frame = build_frame(build_header(0x0200, len(body), PHONE, 1) + body)
    message = codec.decode_frame(frame, profile=EVERYTHING)
    assert message["body"]["status"] == ["acc_on", "half_or_full", "bit_9", "trailer"]
    assert codec.encode_message(message, EVERYTHING) == frame
    assert "trailer" in str(explain_frame(frame, profile=EVERYTHING).rows)


@pytest.mark.parametrize("message_id", [0x9208, 0x1210])
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_a_dialect_cuts_the_identifier_wherever_it_stands(message_id, data):
    values = data.draw(fields(EVERYTHING.plan(message_id, 2019)))
    assert (len(values["identifier"]["terminal_id"]), len(values["identifier"]["reserved"])) == (20, 3)
    assert message_id != 0x1210 or len(values["terminal_id"]) == 20
    body = walk.encode_body(message_id, 2019, values, EVERYTHING.plan(message_id, 2019))
    frame = build_frame(build_header(message_id, len(body), b"\x00\x00\x00\x00" + PHONE, 1) + body)
    message = codec.decode_frame(frame, profile=EVERYTHING)
    assert "body" in message and codec.encode_message(message, EVERYTHING) == frame


def test_a_message_is_not_written_by_another_profile_than_it_was_read_by():
    message = codec.decode_frame(bytes.fromhex(VECTORS[3]["frame"]), profile=EVERYTHING)
    for other in (None, PROFILES["forced-2013"]):
        with pytest.raises(LocalProtocolError, match="all habits"):
            codec.encode_message(message, other)


def test_messages_that_are_never_answered():
    assert not EVERYTHING.answers(0x8104) and EVERYTHING.answers(0x8103)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"edtion": 2013}, "edtion: unknown key; did you mean 'edition'?"),
        (
            {"items": {"0x06": {"name": "a", "widht": 1}}},
            "items.0x06.widht: unknown key; did you mean 'width'?",
        ),
        ({"checksum": {"zzz": True}}, "checksum.zzz: unknown key; known here: unescaped, wrong"),
        ({"items": {"six": {"name": "a"}}}, "items.six: an id such as"),
        ({"items": {"0x6": {"name": "a"}, "0x06": {"name": "b"}}}, "items.0x06: said twice"),
        ({"items": {"0x06": {"name": "a", "form": "unsigned"}}}, "items.0x06: width"),
        ({"items": {"0x06": {"name": "a", "width": 2}}}, "items.0x06: width"),
        ({"items": 1}, "items: "),
        ({"items": {"0x06": 1}}, "items.0x06: "),
        ({"never_answers": ["0x8104", 5]}, "never_answers.1: an id such as"),
        ({"edition": 2012}, "edition: "),
        ({"time_zone": "CST"}, "time_zone: an offset"),
        ({"time_zone": "+19:00"}, "time_zone: an offset"),
        ({"charset": "utf-16"}, "charset: "),
        ({"checksum": {"wrong": 1}}, "checksum.wrong: "),
        ({"maker": ""}, "maker: "),
        ({"items": {"0x06": {"name": "a", "form": "fields"}}}, "items.0x06: fields"),
        (
            {"items": {"0x06": {"name": "a", "form": "fields", "fields": [{"name": "b", "wdth": 1}]}}},
            "items.0x06.fields.0x00.wdth: unknown key; did you mean 'width'?",
        ),
        (
            {"items": {"0x06": {"name": "a", "form": "fields", "fields": [{"name": "b", "width": 9}]}}},
            "items.0x06.fields.0x00: width",
        ),
        ({"items": {"0x06": {"name": "a", "names": {"0": "b"}}}}, "items.0x06: names"),
        (
            {"items": {"0x06": {"name": "a", "form": "bits", "width": 1, "names": {"8": "b"}}}},
            "items.0x06: names: a bit",
        ),
        ({"items": {"0x06": {"name": "a", "names": {"b": "c"}}}}, "items.0x06.names.b: a number is wanted"),
        (
            {"dialect": {"terminal_id": 30}},
            "dialect.terminal_id: unknown key; did you mean 'terminal_id_bytes'?",
        ),
        ({"dialect": {"terminal_id_bytes": 0}}, "dialect.terminal_id_bytes: "),
        ({"values": {"0x0F01": {"door": {"0": "a"}}}}, "values.0x0F01: no such message"),
        ({"values": {"0x8500": {"dor": {"0": "a"}}}}, "values.0x8500.dor: VehicleControl has no such field"),
        ({"values": {"0x8500": {"door": {"0": "lock"}}}}, "values.0x8500.door: two values of one name"),
        ({"values": {"0x8500": {"door": {"256": "a"}}}}, "values.0x8500.door.256: outside the field"),
        ({"bits": {"0x0200": {"status": {"32": "a"}}}}, "bits.0x0200.status.32: outside the field"),
        (
            {"bits": {"0x0200": {"speed_dkmh": {"1": "a"}}}},
            "bits.0x0200.speed_dkmh: PositionReport has no such",
        ),
        ({"bits": {"2": {}}}, "bits.2: an id such as"),
    ],
)
def test_every_mistake_names_its_path(values, problem):
    with pytest.raises(ProfileError) as caught:
        parse_profile({"maker": "A", "model": "B", **values})
    assert any(each.startswith(problem) for each in caught.value.problems), caught.value.problems


def test_the_command_takes_a_profile(tmp_path):
    path = str(FOLDER / "check-byte-not-escaped.toml")
    frames = "\n".join(vector["frame"] for vector in VECTORS)
    decoded = CliRunner().invoke(app, ["decode", "--json", "--profile", path], input=frames)
    assert decoded.exit_code == 0
    encoded = CliRunner().invoke(app, ["encode", "--profile", path], input=decoded.stdout)
    assert encoded.stdout.split() == frames.split()
    assert CliRunner().invoke(app, ["encode"], input=decoded.stdout).exit_code == 1
    explained = CliRunner().invoke(app, ["explain", "--profile", path, VECTORS[3]["frame"]])
    assert explained.exit_code == 0 and "not escaped" in explained.stdout
    (tmp_path / "bad.toml").write_text("maker = 1\ncolour = 2\n")
    refused = CliRunner().invoke(app, ["decode", "--profile", str(tmp_path / "bad.toml")])
    assert refused.exit_code == 2 and "colour" in refused.output
