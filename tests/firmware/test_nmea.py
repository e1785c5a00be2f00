"""The NMEA parser against recordings of real receivers, against pynmea2, and against dirt."""

from datetime import UTC, datetime, timedelta

import pynmea2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.terminal.nmea import NmeaParser

from ..recordings import NAMES, expected_positions, recording

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def epochs_of(data: bytes, chunk: int = 1 << 20):
    """What the parser gives for a stream, as dicts, and the parser."""
    parser, found = NmeaParser(), []
    for start in range(0, len(data), chunk):
        part = data[start : start + chunk]
        at = 0
        while at < len(part):
            at = parser.feed(part, at, len(part))
            if parser.epoch:
                found.append({name: getattr(parser.fix, name) for name in parser.fix.__slots__})
    return found, parser


def time_of(epoch) -> str:
    elapsed = timedelta(days=epoch["day"], seconds=epoch["second"], milliseconds=epoch["millisecond"])
    return (EPOCH + elapsed).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def sentence(text: str) -> bytes:
    check = 0
    for byte in text.encode():
        check ^= byte
    return f"${text}*{check:02X}\r\n".encode()


@pytest.mark.parametrize("name", NAMES)
def test_every_position_of_a_recording_is_gpsds(name):
    epochs, _ = epochs_of(recording(name))
    expected = expected_positions(name)
    by_time = {}
    for answer in expected:
        by_time.setdefault(answer.get("time"), []).append(answer)
    valid = [epoch for epoch in epochs if epoch["valid"]]
    assert valid
    for epoch in valid:
        # gpsd tells its first positions before it knows the time.
        answers = by_time.get(time_of(epoch)) or by_time.get(None, [])
        assert any(
            abs(answer["lat"] * 1e6 - epoch["latitude_udeg"]) <= 0.51
            and abs(answer["lon"] * 1e6 - epoch["longitude_udeg"]) <= 0.51
            for answer in answers
        ), epoch
    assert {time for time in by_time if time} <= {time_of(epoch) for epoch in valid}


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_a_stream_cut_anywhere_gives_the_same(chunk):
    data = recording("haicom-305N")
    assert epochs_of(data, chunk)[0] == epochs_of(data)[0]


def test_counts_what_it_refuses_and_ignores():
    good = sentence("GNRMC,055234.000,A,4739.71890,N,12219.58362,W,0.00,286.35,050826,,,A,V")
    dirt = [
        good.replace(b"*", b""),  # no check sum
        good.replace(b"A,4739", b"A,4738"),  # a wrong one
        good.split(b"*")[0] + b"*..\r\n",
        b"$" + b"x" * 500 + b"\r\n",
        b"$GPRMC,\xff\xfe\r\n",
        sentence("GPRMC,055234.000,A,47x9.7,N,12219.5,W,0.00,286.35,050826,,,A"),
        sentence("GPRMC,055234.000,A,4760.0,N,12219.5,W,0.00,286.35,050826,,,A"),
        sentence("GPRMC,055234.000,A,9000.1,N,12219.5,W,0.00,286.35,050826,,,A"),
        sentence("GPRMC,055234.000,A,,N,12219.5,W,0.00,286.35,050826,,,A"),
        sentence("GPRMC,055234.000,A,4739.7,N,12219.5,Q,0.00,286.35,050826,,,A"),
        sentence("GPRMC,245234.000,A,4739.7,N,12219.5,W,0.00,286.35,050826,,,A"),
        sentence("GPRMC,055234.000,A,4739.7,N,12219.5,W,0.00,286.35,310226,,,A"),
        sentence("GPRMC,055234.000,A,4739.7,N,12219.5,W,9999.00,286.35,050826,,,A"),
        sentence("GPRMC,055234.000,A,4739.7"),
    ]
    for line in dirt:
        _, parser = epochs_of(line + good)
        assert parser.refused == 1, line
        assert parser.sentences == 1, line
    ignored = (
        sentence("GPVTG,0.00,T,,,0.00,N,0.00,K,A")
        + sentence("PQTXT,1,GPRMC")
        + sentence("QZRMC,1,2,3,4,5,6,7,8,9")
    )
    _, parser = epochs_of(ignored)
    assert (parser.ignored, parser.refused, parser.sentences) == (3, 0, 0)


@pytest.mark.parametrize(
    ("date", "known"), [("060180", False), ("311299", False), ("", False), ("311279", True), ("290224", True)]
)
def test_dates_that_no_satellite_gave_are_unknown(date, known):
    """Receivers without satellite time say 1980, which two digits cannot tell from 2080."""
    text = f"GPRMC,235959.500,A,2501.0,N,10243.0,E,0.00,0.0,{date},,,A"
    epochs, _ = epochs_of(
        sentence("GPGGA,235959.500,2501.0,N,10243.0,E,1,9,1.0,1891.0,M,,M,,") + sentence(text)
    )
    assert len(epochs) == 1 and epochs[0]["valid"] and (epochs[0]["day"] >= 0) == known


def test_joins_rmc_and_gga_in_either_order():
    rmc = sentence("GPRMC,010203.00,A,2501.0,N,10243.0,E,10.0,90.0,020326,,,A")
    gga = sentence("GPGGA,010203.00,2501.0,N,10243.0,E,1,11,1.0,1891.4,M,,M,,")
    for stream in (rmc + gga, gga + rmc):
        epochs, _ = epochs_of(stream)
        assert [(e["satellites"], e["altitude_m"], e["speed_dkmh"]) for e in epochs] == [(11, 1891, 185)]


def test_a_receiver_without_gga_is_not_waited_for():
    lines = [sentence(f"GPRMC,0102{n:02}.00,A,2501.0,N,10243.0,E,10.0,90.0,020326,,,A") for n in range(10)]
    parser, seen = NmeaParser(), []
    for line in lines:
        at = 0
        while at < len(line):
            at = parser.feed(line, at, len(line))
            if parser.epoch:
                seen.append(parser.fix.second % 60)
    # The third is given up for the fourth, which comes without waiting, as do all after it.
    assert seen == [0, 1, 3, 4, 5, 6, 7, 8, 9]
    assert parser.fix.satellites == -1


@given(
    latitude=st.integers(-90_000_000, 90_000_000),
    longitude=st.integers(-180_000_000, 180_000_000),
    decimals=st.integers(4, 9),
    knots_e3=st.integers(0, 300_000),
    course_e1=st.integers(0, 3599),
    altitude_e1=st.integers(-4000, 88000),
    satellites=st.integers(0, 40),
    when=st.datetimes(datetime(2000, 1, 1), datetime(2079, 12, 31)),
)
def test_says_what_pynmea2_says(
    latitude, longitude, decimals, knots_e3, course_e1, altitude_e1, satellites, when
):
    def angle(udeg, width):
        whole, rest = divmod(abs(udeg), 1_000_000)
        scaled = (rest * 60 * 10**decimals + 500_000) // 1_000_000
        minutes, part = divmod(scaled, 10**decimals)
        return f"{whole + minutes // 60:0{width}}{minutes % 60:02}.{part:0{decimals}}"

    north, east = "S" if latitude < 0 else "N", "W" if longitude < 0 else "E"
    clock = when.strftime("%H%M%S.") + f"{when.microsecond // 10000:02}"
    place = (angle(latitude, 2), north, angle(longitude, 3), east)
    speed, course = f"{knots_e3 / 1000:.3f}", f"{course_e1 / 10:.1f}"
    rmc = pynmea2.RMC("GN", "RMC", (clock, "A", *place, speed, course, when.strftime("%d%m%y"), "", "", "A"))
    height = f"{altitude_e1 / 10:.1f}"
    gga = pynmea2.GGA(
        "GN", "GGA", (clock, *place, "1", f"{satellites:02}", "0.9", height, "M", "", "M", "", "")
    )
    epochs, parser = epochs_of(f"{gga.render()}\r\n{rmc.render()}\r\n".encode())
    assert parser.refused == 0 and len(epochs) == 1
    fix = epochs[0]
    oracle = pynmea2.parse(rmc.render())
    assert abs(fix["latitude_udeg"] - oracle.latitude * 1e6) <= 0.51
    assert abs(fix["longitude_udeg"] - oracle.longitude * 1e6) <= 0.51
    assert abs(fix["speed_dkmh"] - knots_e3 * 0.01852) <= 0.51
    turn = abs(fix["direction_deg"] - course_e1 / 10)
    assert min(turn, 360 - turn) <= 0.51
    assert abs(fix["altitude_m"] - altitude_e1 / 10) <= 0.51
    assert fix["satellites"] == satellites
    assert time_of(fix)[:19] == when.strftime("%Y-%m-%dT%H:%M:%S")


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_stop_it(dirt, chunk):
    good = sentence("GPRMC,010203.00,A,2501.0,N,10243.0,E,10.0,90.0,020326,,,A")
    gga = sentence("GPGGA,010203.00,2501.0,N,10243.0,E,1,11,1.0,1891.4,M,,M,,")
    epochs, _ = epochs_of(dirt + b"\r\n" + good + gga, chunk)
    assert epochs and epochs[-1]["latitude_udeg"] == 25016667
