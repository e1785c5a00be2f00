"""The 27 points in which known implementations of JT/T 808 disagree, and what we do, one test each.

The comment of each says what others do; the verdicts and their reasons are those of the protocol reference.
"""

import pytest

from firmware.terminal.waits import answer_wait_ms
from protocols.jt808 import codec, walk
from protocols.jt808.definitions.flags import ALARM
from protocols.jt808.editions import edition_of_registration
from protocols.jt808.explain import explain_frame
from protocols.jt808.plan import plan_of
from protocols.jt808.present import present_fields, unpresent_fields
from protocols.jt808.quirks import parse_profile
from protocols.wire.bcd import bcd_to_digits, identity_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import FrameSplitter, build_frame, open_frame
from protocols.wire.header import build_header, parse_header
from protocols.wire.reassembly import Reassembly, split_frames

PHONE = bytes.fromhex("013800138000")
PHONE_2019 = bytes.fromhex("00000000013800138000")
BASIC = bytes.fromhex("000000000000000301dc89d0073d8aa5000c025d005a250102030405")
SAFETY_TAIL = "3c 000c 01dc89d0 073d8aa5 250102030405 0401 54303030303031 250102030405 00 02 00"


def read(message_id: int, edition: int, body: str) -> dict:
    """The presented values of a body in hex."""
    values = walk.decode_body(message_id, edition, bytes.fromhex(body))
    return present_fields(plan_of(message_id, edition), values)


def written(message_id: int, edition: int, shown: dict) -> str:
    """The body, in hex, of presented values."""
    plan = plan_of(message_id, edition)
    return walk.encode_body(message_id, edition, unpresent_fields(plan, shown)).hex()


def item(data: str, edition: int = 2019) -> dict:
    """The one additional item of a position."""
    values = walk.decode_body(0x0200, edition, BASIC + bytes.fromhex(data))
    assert values["trailing"] == b"" and len(values["items"]) == 1
    return values["items"][0]


def test_d01_the_door_senses_of_2013_and_2019_are_opposite():
    """One server applies the sense of 2013 to 2019, another that of 2019 to 2013."""
    assert written(0x8500, 2013, {"door": "lock"}) == "01"
    assert written(0x8500, 2013, {"door": "unlock"}) == "00"
    controls = {"count": 1, "controls": [{"type": "door", "door": "lock"}]}
    assert written(0x8500, 2019, controls) == "0001000100"
    controls["controls"][0]["door"] = "unlock"
    assert written(0x8500, 2019, controls) == "0001000101"
    answer = read(0x0500, 2019, "0001 00000000 00001003" + BASIC[8:].hex())
    assert "door_locked" in answer["position"]["status"], "success is read from the status"


def test_d02_the_maker_of_attributes_and_upgrades_has_five_bytes_in_2019():
    """One reads eleven bytes, as in the registration of 2019."""
    body = "0004" + b"70111".hex() + "41" * 30 + "42" * 30 + "89860012345678901234" + "00 00 03 20"
    shown = read(0x0107, 2019, body)
    assert (shown["maker"], shown["model"], shown["terminal_id"]) == ("70111", "A" * 30, "B" * 30)
    assert read(0x8108, 2019, "00" + b"70111".hex() + "0131 00000000")["version"] == "1"


def test_d03_lengths_count_bytes_and_not_characters():
    """One writes the number of characters in front of GBK bytes."""
    contact = {"flag": "both", "number": "1", "name": "王小明"}
    body = written(0x8401, 2013, {"type": "replace", "count": 1, "contacts": [contact]})
    assert body == "0101" + "03" + "0131" + "06cdf5d0a1c3f7"
    shown = {"status": 1, "time_bcd": {"hex": "250102080000"}, "read_result": 0, "name": "王小明"}
    shown |= {"qualification": "1", "issuer": "昆明", "valid_until_bcd": "2030-12-31"}
    assert written(0x0702, 2013, shown)[16:30] == "06cdf5d0a1c3f7"


def test_d04_fixed_text_is_padded_behind():
    """Two pad in front. What came padded in front is kept as it came."""
    shown = {"upgraded": 0, "maker": "AB", "version": "", "package": {"hex": ""}}
    assert written(0x8108, 2013, shown)[2:12] == "4142000000"
    front = read(0x8108, 2013, "00 0000004142 00 00000000")
    assert front["maker"].strip("\0 ") == "AB"
    assert written(0x8108, 2013, front) == "00000000414200" + "00000000"


def test_d05_the_count_of_missing_packages_is_a_byte_in_2013_and_a_word_in_2019():
    """One always writes a WORD. The other width is refused by what is left, not misread."""
    narrow, wide = "0010 02 0003 0005", "0010 0002 0003 0005"
    assert read(0x8003, 2013, narrow)["numbers"] == read(0x8003, 2019, wide)["numbers"] == [3, 5]
    assert read(0x0005, 2019, wide)["numbers"] == [3, 5]
    for edition, body in ((2013, wide), (2019, narrow)):
        with pytest.raises(RemoteProtocolError):
            read(0x8003, edition, body)


def test_d06_the_waits_grow_by_factorials_up_to_a_maximum():
    """Others: T, 3T, 12T …, or always T."""
    assert [answer_wait_ms(5, sent_again, 120) for sent_again in range(4)] == [5000, 10000, 30000, 120000]
    assert answer_wait_ms(5, 9, 120) == 120000


def test_d07_packages_are_kept_by_first_serial_and_the_last_can_be_missing():
    """One keeps one buffer a message id and overwrites it, and never asks for the last package."""
    assembly = Reassembly(ask_ms=10)
    for first_serial in (5, 50):
        frames = list(split_frames(0x0801, bytes([first_serial]) * 30, PHONE, first_serial, size=10))
        for frame in frames[:2]:
            payload = open_frame(frame[1:-1])
            header = parse_header(payload)
            assert assembly.add("t", header, payload[header.body_at :], 0) is None
    asked = sorted((each.first_serial, each.numbers) for each in assembly.tick(10))
    assert asked == [(5, [3]), (50, [3])]


def test_d08_the_area_id_of_item_11_follows_its_type():
    """One reads it from byte 0."""
    assert item("1105 01 00000007")["value"] == {"type": 1, "area_id": 7}


def test_d09_item_66_has_41_bytes_and_9_for_each_tyre():
    """One wants 40 + 9n and so never reads a valid list."""
    tyre = "03 0004 02bc 0023 0050"
    for count in range(3):
        data = "00000009 00" + SAFETY_TAIL + f"{count:02x}" + tyre * count
        size = len(bytes.fromhex(data))
        assert size == 41 + 9 * count
        value = item(f"66 {size:02x} {data}")["value"]
        assert [each["pressure_kpa"] for each in value["tyres"]] == [700] * count


def test_d10_item_70_of_exactly_its_length_is_read():
    """One slices 48 of 47 bytes and panics."""
    assert item("70 2f 0000000b 01 02 0003 0010 0020" + SAFETY_TAIL)["value"]["type"] == 2
    assert isinstance(item("70 2e 0000000b 01 02 0003 0010 0020" + SAFETY_TAIL[:-2])["value"], bytes)


def test_d11_the_gaps_of_9212_are_eight_bytes_apart():
    """One steps by two."""
    shown = read(0x9212, 2013, "0161 00 01 02 00000000 00001000 00008000 00000400")
    assert [each["gap_offset"] for each in shown["gaps"]] == [0, 0x8000]


def test_d12_deep_sleep_and_sleep_are_bits_0_and_1():
    """One reads bits 15 and 14."""
    shown = read(0x0200, 2013, BASIC.hex() + "2a020001" + "2a020002" + "2a024000")
    assert [each["value"] for each in shown["items"]] == [["deep_sleep"], ["sleep"], ["bit_14"]]


def test_d13_a_wheel_without_tyre_is_ff_and_zero_is_a_pressure():
    """One skips 0x00. The unit is unknown, so the bytes stay as they are."""
    pressures = b"\x08\x00" + b"\xff" * 28
    assert item("051e" + pressures.hex())["value"] == pressures


@pytest.mark.parametrize("raw", [0x8005, 0xFFFB])
def test_d14_the_sign_of_the_carriage_temperature_stays_open(raw):
    """Sign and magnitude by the wording, two's complement in implementations: the word is not interpreted,
    unless a profile says how."""
    assert item(f"0602{raw:04x}") == {"id": 6, "value": raw}
    body = BASIC + bytes.fromhex(f"0602{raw:04x}")
    payload = build_header(0x0200, len(body), PHONE, 1) + body
    shown = {}
    for form in ("sign_magnitude", "twos_complement"):
        temperature = {"name": "temperature_c", "form": form, "width": 2}
        profile = parse_profile({"maker": "A", "model": "B", "items": {"0x06": temperature}})
        shown[form] = codec.decode_payload(payload, None, profile)["body"]["items"][0]["value"]
    assert (shown["sign_magnitude"], shown["twos_complement"]) == {
        0x8005: (-5, -32763),
        0xFFFB: (-32763, -5),
    }[raw]


def test_d15_the_danger_alarm_is_cleared_by_the_answer():
    """One says it is held."""
    until_answered = [bit.number for bit in ALARM.bits if bit.until_answered]
    assert until_answered == [0, 3, 20, 21, 22, 27, 28, 31]
    body = bytes([0, 0, 0, 8]) + BASIC[4:]
    frame = build_frame(build_header(0x0200, len(body), PHONE, 1) + body)
    assert any(row.name == "danger" and "until answered" in row.text for row in explain_frame(frame).rows)


def test_d16_a_card_that_is_out_has_seven_bytes_and_names_are_gbk():
    """One reads a result byte behind them, and names as ASCII."""
    shown = read(0x0702, 2013, "02 250102180000")
    assert shown == {"status": "card_out", "time_bcd": "2025-01-02T18:00:00+08:00"}
    assert read(0x0702, 2013, "01 250102180000 02")["read_result"] == "card_locked"
    name = read(0x0702, 2011, "06cdf5d0a1c3f7" + "00" * 60 + "04c0a5c3f7")["name"]
    assert name == "王小明"


def test_d17_the_iccid_stands_behind_the_wider_fields_of_2019():
    """One uses the widths of 2013 for 2019 too."""
    head, tail = "0004" + b"70111".hex(), "89860012345678901234" + "00 00 03 20"
    assert read(0x0107, 2013, head + "00" * 27 + tail)["iccid_bcd"] == "89860012345678901234"
    assert read(0x0107, 2019, head + "00" * 60 + tail)["iccid_bcd"] == "89860012345678901234"


def test_d18_the_edition_says_nothing_about_the_dialect():
    """One takes a 2019 header for a dialect with terminal ids of 30 bytes."""
    adas = "64 2f 00000007 01 02 02 32 0f 01 00 00" + SAFETY_TAIL
    assert item(adas, 2013) == item(adas, 2019)
    assert item(adas, 2019)["value"]["identifier"]["terminal_id"] == b"T000001"
    longer = "64 46 " + "00" * 70
    assert isinstance(item(longer)["value"], bytes), "another dialect's length is kept as bytes"
    dialect = parse_profile(
        {"maker": "A", "model": "B", "dialect": {"terminal_id_bytes": 30, "reserved_bytes": 1}}
    )
    body = BASIC + bytes.fromhex(longer)
    for edition in (2013, 2019):  # the dialect is configured, in every edition
        values: dict = {}
        walk.decode_into(values, 0x0200, edition, body, dialect.plan(0x0200, edition))
        assert values["items"][0]["value"]["identifier"]["terminal_id"] == bytes(30)


def test_d19_a_vin_as_plate_does_not_make_2011_into_2013():
    """One takes a body of more than 36 bytes for 2013; this one has 42."""
    body = bytes(4) + b"70111" + b"MODEL\0\0\0" + b"T000001" + b"\0" + b"LFV2A21K5A4012345"
    assert len(body) == 42 and edition_of_registration(body) == 2011


def test_d20_parameter_53_is_the_picture_storage_and_54_the_key_alarms():
    """One documentation swaps them."""
    shown = read(0x8103, 2013, "02 00000053 04 00000001 00000054 04 00000002")
    assert [each["parameter"] for each in shown["parameters"]] == ["alarm_picture_storage", "key_alarm_mask"]


def test_d21_recorder_frames_begin_with_aa75_down_and_557a_up():
    """One writes 55 7A in both directions."""
    assert read(0x8700, 2013, "00 aa7500000000df")["frame"]["mark"] == "down"
    assert read(0x0700, 2013, "0001 00 557a0000020012003f")["frame"]["mark"] == "up"
    shown = {"mark": "down", "command": 0, "length": 0, "reserved": 0, "data": {"hex": ""}, "check": 0xDF}
    assert written(0x8700, 2013, {"command": 0, "frame": shown}) == "00aa7500000000df"


def test_d22_the_parameters_of_a_control_command_are_text_and_bytes_are_kept():
    """Some send the numbers as raw bytes; to accept both is impossible."""
    assert written(0x8105, 2013, {"command": "connect_to_server", "parameters": "1"}) == "0231"
    binary = read(0x8105, 2013, "02 ff80")
    assert binary["parameters"]["hex"] == "ff80" and written(0x8105, 2013, binary) == "02ff80"


@pytest.mark.parametrize("illegal", ["7d00", "7d03", "7d7d01"])
def test_d23_an_illegal_escape_costs_its_frame_and_no_other(illegal):
    """Others drop one byte, or two, or keep both."""
    good = build_frame(build_header(0x0002, 0, PHONE, 1))
    splitter = FrameSplitter()
    stream = good[:5] + bytes.fromhex(illegal) + good[5:] + good
    assert splitter.receive(stream) == [open_frame(good[1:-1])]
    assert (splitter.frames, splitter.rejected) == (1, 1)


def test_d24_the_platform_counts_its_own_serials():
    """One always sends serial 0."""
    from edge_gateway.session.answers import Speaker

    speaker = Speaker()
    question = parse_header(build_header(0x0002, 0, PHONE, 700))
    serials = [parse_header(open_frame(speaker.general(question, 0)[1:-1])).serial for _ in range(3)]
    assert serials == [0, 1, 2]


def test_d25_leading_zeros_are_nothing_to_the_identity_and_everything_to_the_answer():
    """One may trim the zeros of what it sends."""
    from edge_gateway.session.answers import Speaker

    assert identity_of(bcd_to_digits(PHONE)) == identity_of(bcd_to_digits(PHONE_2019)) == "13800138000"
    for phone in (PHONE, PHONE_2019):
        question = parse_header(build_header(0x0002, 0, phone, 1))
        assert parse_header(open_frame(Speaker().general(question, 0)[1:-1])).phone == phone
        message = codec.decode_payload(build_header(0x0002, 0, phone, 1))
        assert open_frame(codec.encode_message(message)[1:-1])[-len(phone) - 2 : -2] == phone


def test_d26_parameters_are_stepped_over_by_their_length():
    """One takes the width of the id, whatever the length byte says."""
    shown = read(0x8103, 2013, "02 00000001 02 003c 00000029 04 0000001e")
    assert shown["parameters"] == [
        {"id": "0x0001", "parameter": "heartbeat_interval_s", "value": {"hex": "003c"}},
        {"id": "0x0029", "parameter": "default_interval_s", "value": 30},
    ]


def test_d27_item_07_is_not_of_the_standard():
    """One reads a satellite status of 2019 there."""
    assert item("0701 08") == {"id": 7, "value": b"\x08"}
