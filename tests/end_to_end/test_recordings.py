"""Recorded drives of real receivers: UART, real firmware, gateway, broker, authority; gpsd is the judge.

Every position that the authority stores as fixed equals one that gpsd read in the same second of the same
recording. The firmware reports once a second, receivers speak up to five times, so one of them it must be.
"""

import json
import time
from datetime import UTC, datetime

import pytest

from simulator.demo.road import Road
from simulator.desk.desk import Desk
from simulator.fleet.events import FleetLog
from tests.recordings import FOLDER, recording

from .world import assert_balanced

NAMES = ("haicom-305N", "quectel-eg25-g", "quectel-l76k-nmea", "beidou-bd", "beidou-gb")
WITH_TIME = ("RMC", "GGA", "GNS", "GLL")
TIME_FIELD = {"RMC": 1, "GGA": 1, "GNS": 1, "GLL": 5}
TOLERANCE_UDEG = 1.5  # 1e-6 degree, and half of the last digit of what is compared
FIXED = 2  # bit of the last byte of the status word
PHONE = "13912345678"
SPEED = 40  # times as fast as it was driven; the firmware is faster still, its clock is the recording's


@pytest.mark.slow
def test_every_recorded_position_arrives_as_gpsd_reads_it(tmp_path):
    recordings = {name: recording(name) for name in NAMES}  # skips here where they are not
    with Road(tmp_path / "road") as road:
        log = FleetLog()
        answers = {}
        for number, name in enumerate(NAMES):
            phone = f"{int(PHONE) + number}"
            edition = (2011, 2013, 2019)[number % 3]
            answers[phone] = (name, expected_by_second(name))
            drive(tmp_path / name, road, recordings[name], phone, edition, log)
        assert road.wait_delivered(log.emitted, 60)
        assert_balanced(road.ledger(log), seed=0, at_least=100)
        for phone, (name, expected) in answers.items():
            check_track(name, road, phone, expected)


def drive(folder, road, data, phone, edition, log):
    """Plays the recording to a real terminal, waits until all is acknowledged, notes what it did."""
    desk = Desk(folder, [road.server], phone, edition=edition, interval_s=1, backfill_gap_ms=100)
    try:
        desk.start()
        assert desk.wait_until(lambda: desk.state, 30), desk.errors  # a UART hears nothing before it is open
        feeder = desk.play(data, SPEED)
        assert feeder.done.wait(120)
        # The last epoch is closed by the silence behind it, which then is news itself: the fix is lost.
        assert desk.wait_until(lambda: desk.emitted and not desk.emitted[max(desk.emitted)][7] & FIXED, 30)
        deadline = time.monotonic() + 60
        while True:
            assert time.monotonic() < deadline, f"{phone}: {desk.state} {desk.counts} {desk.errors}"
            # Silence is news to the terminal too: the fix is lost. Power off right behind an acknowledgement.
            desk.wait_until(lambda: desk.emitted and desk.emitted.keys() <= desk.acknowledged, 30)
            desk.kill()
            if desk.emitted.keys() <= desk.acknowledged:
                break
            desk.start()
        assert desk.cable.overrun_bytes == 0 and not desk.errors
        for sequence, body in desk.emitted.items():
            log.emit(phone, sequence, body)
        for sequence in desk.acknowledged:
            log.acknowledge(phone, sequence)
    finally:
        desk.stop()


def check_track(name, road, phone, expected):
    """Every fixed position of the store against gpsd's of its second."""
    with road.authority.read() as store:
        track = [point for point in store.track(phone) if point.fixed]
    assert track, f"{name}: no fixed position was stored"
    for point in track:
        second = f"{datetime.fromtimestamp(point.reported_ms / 1000, UTC):%H%M%S}"
        seen = (point.latitude_udeg, point.longitude_udeg)
        errors = [max(abs(seen[0] - lat), abs(seen[1] - lon)) for lat, lon in expected.get(second, [])]
        assert errors, f"{name}: a position at {second}, where gpsd has none"
        assert min(errors) <= TOLERANCE_UDEG, f"{name} at {second}: {seen}, gpsd {expected[second]}"
    reported = {f"{datetime.fromtimestamp(point.reported_ms / 1000, UTC):%H%M%S}" for point in track}
    assert expected.keys() <= reported, f"{name}: seconds without a report"
    print(f"{name}: {len(track)} positions stored in {len(expected)} seconds with a fix")


def expected_by_second(name):
    """gpsd's positions in micro-degrees by hhmmss (UTC) of the sentence that gpsd answered."""
    positions, second = {}, ""
    for line in (FOLDER / f"{name}.expected").read_text("utf-8").splitlines():
        if line.startswith("$") and line[3:6] in WITH_TIME:
            second = line.split(",")[TIME_FIELD[line[3:6]]][:6] or second
        elif line.startswith("{"):
            found = json.loads(line)
            if found.get("class") == "TPV" and "lat" in found and second:
                positions.setdefault(second, []).append((found["lat"] * 1e6, found["lon"] * 1e6))
    return positions
