"""The command `jt808`, as a user and as a pipe know it."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from protocols.jt808.catalog import MESSAGES
from protocols.jt808.cli import app
from protocols.jt808.hex_lines import bytes_of
from tests.vectors import load

FRAMES = [vector["frame"] for vector in load("frames")]
HEARTBEAT = FRAMES[0]
POSITION = FRAMES[3]


def jt808(*arguments: str, stdin: str | bytes = ""):
    return CliRunner().invoke(app, list(arguments), input=stdin)


def lines(result) -> list[str]:
    return result.stdout.splitlines()


def test_the_installed_command_is_a_lossless_pipe():
    frames = "\n".join(FRAMES) + "\n"
    command = [sys.executable, "-c", "from protocols.jt808.cli import main; main()"]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": ""}
    decoded = subprocess.run(
        [*command, "decode", "--json"], input=frames.encode(), env=environment, capture_output=True
    )
    assert (decoded.returncode, decoded.stderr) == (0, b"")
    assert [json.loads(line)["id"] for line in decoded.stdout.splitlines()] == [
        vector["message"]["id"] for vector in load("frames")
    ]
    encoded = subprocess.run(
        [*command, "encode", "--json"], input=decoded.stdout, env=environment, capture_output=True
    )
    assert encoded.stdout.decode() == frames


def test_arguments_or_standard_input():
    assert lines(jt808("decode", "--json", HEARTBEAT)) == lines(
        jt808("decode", "--json", stdin=f"\n{HEARTBEAT}\n\n")
    )


@pytest.mark.parametrize(
    "text",
    [
        HEARTBEAT.upper(),
        "0x" + HEARTBEAT,
        bytes.fromhex(HEARTBEAT).hex(" "),
        bytes.fromhex(HEARTBEAT).hex(":").upper(),
        ", ".join(f"0x{byte:02X}" for byte in bytes.fromhex(HEARTBEAT)),
        "".join(f"\\x{byte:02x}" for byte in bytes.fromhex(HEARTBEAT)),
        f'  "{HEARTBEAT}"\t',
    ],
)
def test_hex_in_any_common_spelling(text):
    assert bytes_of(text).hex() == HEARTBEAT
    result = jt808("decode", "--json", stdin=text)
    assert result.exit_code == 0 and json.loads(result.stdout)["message"] == "TerminalHeartbeat"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("zz", "not hex"),
        ("7e0", "odd number"),
        (HEARTBEAT[2:], "begins and ends with 7E"),
        ("7e", "begins and ends with 7E"),
        (HEARTBEAT * 2, "2 frames on one line"),
        (HEARTBEAT + HEARTBEAT[2:], "2 frames on one line"),
        ("7e" + HEARTBEAT, "more than two 7E"),
        ("7e7e", "too short"),
        ("7e7d03" + HEARTBEAT[2:], "illegal escape"),
        ("7e000200010138001380000001a87e", "wrong length"),
    ],
)
def test_a_bad_line_is_one_error_and_never_the_end(line, reason):
    result = jt808("decode", "--json", stdin=f"{HEARTBEAT}\n{line}\n{POSITION}\n")
    found = [json.loads(each) for each in lines(result)]
    assert [each.get("message") for each in found] == ["TerminalHeartbeat", None, "PositionReport"]
    assert reason in found[1]["error"] and found[1]["input"] == line
    assert result.exit_code == 1


def test_bytes_that_are_no_text_are_a_bad_line_too():
    result = jt808("decode", "--json", stdin=b"\xff\xfe\n" + HEARTBEAT.encode())
    assert [("error" in json.loads(line)) for line in lines(result)] == [True, False]


def test_a_body_that_does_not_fit_is_an_error_that_still_encodes():
    frame = "7e0200000201380013800000010001" + "a97e"
    decoded = jt808("decode", "--json", frame.replace("a97e", "aa7e"))
    assert decoded.exit_code == 1
    message = json.loads(decoded.stdout)
    assert message["body_hex"] == "0001" and "alarm" in message["error"]
    assert jt808("encode", "--json", stdin=decoded.stdout).stdout.strip() == frame.replace("a97e", "aa7e")


def test_a_refused_frame_comes_back_as_it_was():
    bad = HEARTBEAT[2:]
    decoded = jt808("decode", "--json", stdin=f"{bad}\n{HEARTBEAT}")
    assert lines(jt808("encode", "--json", stdin=decoded.stdout)) == [bad, HEARTBEAT]


def test_a_frame_with_a_wrong_check_byte_is_read_as_far_as_it_goes_and_comes_back():
    bad = POSITION[:-4] + "007e"
    decoded = jt808("decode", "--json", bad)
    message = json.loads(decoded.stdout)
    assert decoded.exit_code == 1 and "wrong check byte" in message["error"] and message["check"] == "0x00"
    assert message["body"]["speed_dkmh"] == 605
    assert lines(jt808("encode", "--json", stdin=decoded.stdout)) == [bad]
    explained = jt808("explain", bad)
    assert explained.exit_code == 1 and "wrong, 0x" in explained.stdout and "60.5 km/h" in explained.stdout


@pytest.mark.parametrize(
    "vector", [vector for vector in load("quirks") if "unescaped" in str(vector["message"])]
)
def test_a_check_byte_that_was_not_escaped_needs_no_profile_in_a_frame_by_itself(vector):
    decoded = jt808("decode", "--json", vector["frame"])
    message = json.loads(decoded.stdout)
    assert decoded.exit_code == 0 and message["check_unescaped"] is True and "body" in message
    assert lines(jt808("encode", "--json", stdin=decoded.stdout)) == [vector["frame"]]
    explained = jt808("explain", vector["frame"])
    assert explained.exit_code == 1 and "wrong: the check byte is not escaped" in explained.stdout


ESCAPES = "\x1b[31mgarb\x07age\x9b2J\u202e"


def test_nothing_that_steers_a_terminal_is_printed():
    body = {"edition": 2013, "phone": "1", "message": "TextMessage", "body": {"flag": [], "text": ESCAPES}}
    frame = jt808("encode", stdin=json.dumps(body)).stdout.strip()
    results = [
        jt808("explain", stdin=ESCAPES),
        jt808("explain", stdin=f"{ESCAPES}{'z' * 5000}"),
        jt808("explain", frame),
        jt808("decode", frame),
        jt808("decode", "--json", frame),
        jt808("decode", "--json", stdin=ESCAPES),
        jt808("diff", frame, HEARTBEAT),
        jt808("diff", ESCAPES, HEARTBEAT),
        jt808("encode", stdin=json.dumps({"id": "0x0002", "phone": "1", "body": {}, ESCAPES: 1})),
    ]
    for result in results:
        printed = result.stdout + result.stderr
        assert printed and all(each.isprintable() or each == "\n" for each in printed)
    assert max(map(len, results[1].stderr.splitlines())) < 400
    assert json.loads(results[4].stdout)["body"]["text"] == ESCAPES
    assert jt808("encode", stdin=results[4].stdout).stdout.strip() == frame


def test_encode_lists_everything_that_is_missing():
    result = jt808("encode", stdin='{"message": "PositionReport"}\n')
    assert result.stderr == "line 1: 0x0200 phone, body: missing\n"
    whole = {"message": "PositionReport", "phone": "1", "edition": 2013, "body": {"status": []}}
    result = jt808("encode", stdin=json.dumps(whole))
    fields = "alarm, latitude_udeg, longitude_udeg, altitude_m, speed_dkmh, direction_deg, time_bcd, items"
    assert result.stderr == f"line 1: 0x0200 {fields}: missing\n"
    circle = {"id": 1, "attributes": ["by_time"]}
    areas = {"setting": "append", "count": 1, "areas": [circle]}
    result = jt808("encode", stdin=json.dumps(whole | {"message": "CircleSetting", "body": areas}))
    fields = "latitude_udeg, longitude_udeg, radius_m, start_bcd, end_bcd"
    assert result.stderr == f"line 1: 0x8600 {fields}: missing\n"


def test_an_edition_that_does_not_fit_is_answered_with_those_that_do():
    message = {"message": "PositionBatchUpload", "phone": "1", "body": {}}
    result = jt808("encode", stdin=json.dumps(message | {"edition": 2016}))
    assert result.stderr == "line 1: 0x0704 edition: 2016 is none of 2011, 2013 and 2019\n"
    result = jt808("encode", stdin=json.dumps(message | {"edition": 2011}))
    assert "PositionBatchUpload is not in edition 2011 but in 2013 and 2019" in result.stderr
    result = jt808("encode", stdin='{"id": "0x0F01", "phone": "1", "body": {}}')
    assert "give body_hex" in result.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("decode", "`body_hex`, what was `understood`, and `error`; a wrong check byte stands in"),
        ("encode", "encrypted by the public key, and `body_hex` is taken as cipher text. Messages that"),
        ("explain", "2 for a wrong option."),
        ("list", "in which editions it is."),
        ("diff", "2 when one is no frame, and for a wrong option."),
    ],
)
def test_help_flows_with_the_terminal_and_not_with_the_source(command, words):
    wide = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "400"})
    assert wide.exit_code == 0 and words.replace("`", "") in wide.stdout
    assert "[default: True]" not in wide.stdout


def written_key(folder, bits: int = 1024, password: bytes | None = None):
    """(private, public) PEM files of a new key."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, bits)
    locked = form.BestAvailableEncryption(password) if password else form.NoEncryption()
    private, public = folder / "private.pem", folder / "public.pem"
    private.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locked))
    public.write_bytes(
        key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_rsa_bodies_are_made_and_opened_with_a_key_and_never_parsed_without(tmp_path):
    private, public = written_key(tmp_path)
    message = {**json.loads(jt808("decode", "--json", POSITION).stdout), "encryption": 1}
    refused = jt808("encode", stdin=json.dumps(message))
    assert refused.exit_code == 1 and "no cipher" in refused.stderr
    frame = jt808("encode", "--rsa-key", str(public), stdin=json.dumps(message)).stdout.strip()
    closed = json.loads(jt808("decode", "--json", frame).stdout)
    assert "body" not in closed and "decrypted" not in closed and len(closed["body_hex"]) == 256
    opened = jt808("decode", "--json", "--rsa-key", str(private), frame)
    assert json.loads(opened.stdout)["decrypted"]["body"] == message["body"] and opened.exit_code == 0
    assert jt808("encode", stdin=opened.stdout).stdout.strip() == frame

    explained = jt808("explain", frame)
    assert "cipher text" in explained.stdout and "speed_dkmh" not in explained.stdout
    explained = jt808("explain", "--rsa-key", str(private), frame)
    assert "decrypted body" in explained.stdout and "60.5 km/h" in explained.stdout
    other = {**message, "body": {**message["body"], "speed_dkmh": 606}}
    second = jt808("encode", "--rsa-key", str(public), stdin=json.dumps(other)).stdout.strip()
    compared = jt808("diff", "--rsa-key", str(private), frame, second)
    assert "decrypted.body.speed_dkmh: 605 → 606" in lines(compared)


def test_a_key_that_does_not_open_a_body_says_so(tmp_path):
    private, public = written_key(tmp_path)
    message = {**json.loads(jt808("decode", "--json", POSITION).stdout), "encryption": 1}
    frame = jt808("encode", "--rsa-key", str(public), stdin=json.dumps(message)).stdout.strip()
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    for key in (public, written_key(other_folder)[0]):
        result = jt808("decode", "--json", "--rsa-key", str(key), frame)
        assert result.exit_code == 1 and "error" in json.loads(result.stdout)
    raw = jt808("explain", "--rsa-key", str(private), "--rsa-padding", "none", frame)
    assert "opened below" in raw.stdout


@pytest.mark.parametrize("kind", ["absent", "short", "locked", "no key"])
def test_a_file_that_is_no_such_key_is_a_wrong_option(kind, tmp_path):
    path = tmp_path / "private.pem"
    if kind == "short":
        written_key(tmp_path, 2048)
    elif kind == "locked":
        written_key(tmp_path, password=b"secret")
    elif kind == "no key":
        path.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for command in ("decode", "explain", "encode"):
        result = jt808(command, "--rsa-key", str(path), HEARTBEAT)
        assert result.exit_code == 2 and "--rsa-key" in result.stderr
    assert jt808("decode", "--rsa-padding", "none", HEARTBEAT).exit_code == 2


def test_encode_names_the_line_it_cannot_encode_and_goes_on():
    good = jt808("decode", "--json", HEARTBEAT).stdout
    result = jt808(
        "encode", "--json", stdin="{\n[]\n" + '{"id": "0x0002"}\n{"error": "x", "input": "zz"}\n' + good
    )
    assert lines(result) == [HEARTBEAT] and result.exit_code == 1
    assert [line[:7] for line in result.stderr.splitlines()] == ["line 1:", "line 2:", "line 3:", "line 4:"]


def test_the_edition_can_be_forced():
    body = "00" * 4 + "41" * 33
    frame_2013 = json.dumps({"id": "0x0100", "edition": 2013, "phone": "1", "body_hex": body})
    frame = jt808("encode", stdin=frame_2013).stdout.strip()
    forced = json.loads(jt808("decode", "--json", "--edition", "2011", frame).stdout)
    assert forced["edition"] == 2011 and forced["body"]["model"] == "AAAAAAAA"
    assert jt808("encode", stdin=json.dumps(forced)).stdout.strip() == frame
    assert jt808("decode", "--edition", "2015", frame).exit_code == 2


def test_without_json_it_is_for_reading():
    assert json.loads(jt808("decode", HEARTBEAT).stdout)["id"] == "0x0002"
    assert len(lines(jt808("decode", HEARTBEAT))) > 1


def test_explain_shows_every_byte_once():
    result = jt808("explain", POSITION)
    assert result.exit_code == 0
    shown = "".join(line[6:29].replace(" ", "") for line in lines(result) if line[:4].isdecimal())
    assert shown == POSITION[2:-2]
    for words in (
        "0x0200 PositionReport 位置信息汇报",
        "31.230416°",
        "60.5 km/h",
        "7456.5 km",
        "ACC开",
        "§8.18",
        "right",
    ):
        assert words in result.stdout


@pytest.mark.parametrize("frame", FRAMES)
def test_explain_knows_every_vector(frame):
    result = jt808("explain", bytes.fromhex(frame).hex(" "))
    assert result.exit_code == 0 and "wrong" not in result.stdout


def test_explain_takes_a_frame_in_pieces():
    assert (
        jt808("explain", *bytes.fromhex(HEARTBEAT).hex(" ").split()).stdout
        == jt808("explain", HEARTBEAT).stdout
    )


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (POSITION.replace("557e", "567e"), ["wrong, 0x55 wanted", "check byte 0x56"]),
        (HEARTBEAT * 2, ["2 frames on one line"]),
        ("7e000200010138001380000001a87e", ["wrong length", "cannot be cut"]),
        ("7e7d03" + HEARTBEAT[2:], ["illegal escape"]),
        ("7e02000002013800138000000100" + "01aa7e", ["alarm: 4 bytes needed, 2 left (at byte 12)"]),
        ("7e00020001013800138000000100a87e", ["bytes behind the last field (at byte 12)"]),
        ("7e7e", ["too short"]),
    ],
)
def test_explain_says_what_is_wrong(frame, words):
    result = jt808("explain", frame)
    assert result.exit_code == 1
    for each in words:
        assert each in result.stdout


def test_explain_refuses_what_is_no_hex():
    result = jt808("explain", "xyz")
    assert result.exit_code == 1 and "not hex" in result.stderr


def test_list_names_every_message():
    table = jt808("list")
    assert table.exit_code == 0 and len(lines(table)) == len(MESSAGES) + 1
    for words in ("0x8103", "ParameterSetting", "设置终端参数", "platform → terminal", "0x0001", "JT/T 1078"):
        assert words in table.stdout
    entries = [json.loads(line) for line in lines(jt808("list", "--json"))]
    assert entries[0] == {
        "id": "0x0001",
        "message": "TerminalGeneralResponse",
        "chinese": "终端通用应答",
        "direction": "up",
        "answered_by": None,
        "editions": [2011, 2013, 2019],
        "standard": "JT/T 808",
    }
    assert {int(entry["id"], 16) for entry in entries} == set(MESSAGES)


def test_diff_tells_the_fields():
    other = (
        "7e020000220138001380000002000000000000000301dc89d0073d8aa5000c025e005a250102030405010400012345567e"
    )
    result = jt808("diff", POSITION, other)
    assert (result.exit_code, lines(result)) == (1, ["body.speed_dkmh: 605 → 606"])
    as_json = json.loads(jt808("diff", "--json", POSITION, other).stdout)
    assert as_json == {"path": "body.speed_dkmh", "left": 605, "right": 606}


def test_diff_goes_into_lists_and_tells_what_is_absent():
    shorter = jt808(
        "encode", stdin=json.dumps({**json.loads(jt808("decode", "--json", POSITION).stdout), "serial": 3})
    )
    result = jt808("diff", POSITION, shorter.stdout.strip())
    assert lines(result) == ["serial: 2 → 3"]
    without_item = json.loads(jt808("decode", "--json", POSITION).stdout)
    without_item["body"]["items"] = []
    result = jt808("diff", POSITION, jt808("encode", stdin=json.dumps(without_item)).stdout.strip())
    assert lines(result)[0].startswith('body.items[0]: {"id": "0x01"') and lines(result)[0].endswith("→ –")


def test_diff_of_the_same_frame_and_of_no_frame():
    assert (jt808("diff", HEARTBEAT, HEARTBEAT.upper()).exit_code) == 0
    result = jt808("diff", HEARTBEAT, "zz")
    assert result.exit_code == 2 and "not hex" in result.stderr


@pytest.mark.parametrize(
    ("message_id", "words"),
    [
        ("0f01", "ReservedUplink 终端上行消息保留"),
        ("8f01", "platform → terminal"),
        ("e001", "VendorUplink"),
        ("f001", "VendorDownlink"),
        ("0e00", "not declared"),
    ],
)
def test_explain_knows_whose_an_undeclared_id_is(message_id, words):
    frame = jt808("encode", stdin=json.dumps({"id": f"0x{message_id}", "phone": "1", "body_hex": "ab"}))
    result = jt808("explain", frame.stdout.strip())
    assert result.exit_code == 0 and words in result.stdout


def explained(message: dict) -> list[list[str]]:
    """The rows of a message after encoding it, cut into words."""
    frame = jt808("encode", stdin=json.dumps({"phone": "1", "edition": 2013, **message})).stdout.strip()
    result = jt808("explain", frame)
    assert result.exit_code == 0
    return [line.split() for line in lines(result)]


def test_explain_names_the_parts_of_a_control_command():
    body = {"command": "connect_to_server", "parameters": "0;code;cmnet;;;10.0.0.1;7611;;0;more"}
    rows = explained({"message": "TerminalControl", "body": body})
    assert ["address", "地址", '"10.0.0.1"'] in rows and ["user", "拨号用户名", "empty"] in rows
    assert ["?", '"more"'] in rows
    back = explained({"message": "TerminalControl", "body": {**body, "parameters": "1"}})
    assert ["control", "连接控制", '"1"'] in back and not any("address" in row for row in back)
    raw = explained({"message": "TerminalControl", "body": {**body, "parameters": {"hex": "00ff"}}})
    assert not any("control" in row[:1] for row in raw)


def test_explain_tells_the_numbers_in_a_word():
    photos = {"interval": 10, "flags": ["channel_1", "longer_unit"]}
    body = {"count": 1, "parameters": [{"id": "0x0064", "value": photos}]}
    rows = explained({"message": "ParameterSetting", "body": body})
    assert ["interval", "定时时间间隔/定距距离间隔", "10,", "bits", "17–31"] in rows
    assert ["longer_unit", "时间单位分/距离单位公里", "bit", "16"] in rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"message": "TerminalControll"},
            "no such message: 'TerminalControll'; did you mean 'TerminalControl'?",
        ),
        ({"body": {"comand": "reset"}}, "comand: no such field; did you mean 'command'?"),
        ({"body": {"command": "rest"}}, "command: no such value: 'rest'; did you mean 'reset'?"),
        ({"message": "Zzzz"}, "no such message: 'Zzzz'\n"),
    ],
)
def test_encode_says_what_may_have_been_meant(change, words):
    message = {"message": "TerminalControl", "phone": "1", "body": {"command": "reset", "parameters": ""}}
    assert jt808("encode", stdin=json.dumps(message)).exit_code == 0
    result = jt808("encode", stdin=json.dumps(message | change))
    assert result.exit_code == 1 and words in result.stderr
