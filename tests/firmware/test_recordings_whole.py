"""Recorded drives through a complete terminal, vehicle and all: its reports bear gpsd's positions."""

import pytest

from firmware.terminal import pages
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import RecordLog
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal
from protocols.wire.bodies import decode_body
from protocols.wire.tables import MSG_POSITION_REPORT, STATUS_FIXED

from ..recordings import NAMES, expected_positions, recording

EDITION = 2019
CHUNK_BYTES = 97  # no divisor of anything: sentences are cut anywhere
CHUNK_MS = 100  # what a receiver at 9600 baud says in that time
TOLERANCE_UDEG = 1  # gpsd rounds, so do we


class Whole:
    """A complete terminal without a line. positions: (latitude, longitude) of its fixed reports, in order."""

    def __init__(self):
        store = Store(RamFiles())
        settings = Settings(
            store=store, phone="13800138000", edition=EDITION, servers=(("none", 1),), interval_s=1
        )
        self.terminal = Terminal(settings, RecordLog(store.files), lambda: 0)
        pages.use("senses").attach(self.terminal, lambda: 0)
        self.terminal.on_report = self.report
        self.positions = []
        self.now_ms = 0

    def report(self, _sequence, body, length):
        values = decode_body(MSG_POSITION_REPORT, EDITION, bytes(body[:length]))
        if values["status"] >> STATUS_FIXED & 1:
            self.positions.append((values["latitude_udeg"], values["longitude_udeg"]))

    def hear(self, data):
        for at in range(0, len(data), CHUNK_BYTES):
            self.now_ms += CHUNK_MS
            chunk = data[at : at + CHUNK_BYTES]
            self.terminal.feed_gnss(chunk, len(chunk), self.now_ms)
            self.terminal.tick(self.now_ms)
        self.now_ms += 1000
        self.terminal.tick(self.now_ms)


def places_of(name):
    return {
        (round(abs(answer["lat"]) * 1e6), round(abs(answer["lon"]) * 1e6))
        for answer in expected_positions(name)
    }


def assert_known(positions, places):
    for latitude, longitude in positions:
        assert any(
            abs(latitude - place[0]) <= TOLERANCE_UDEG and abs(longitude - place[1]) <= TOLERANCE_UDEG
            for place in places
        ), (latitude, longitude)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_gives_gpsds_positions(name):
    whole = Whole()
    whole.hear(recording(name))
    assert whole.positions
    assert_known(whole.positions, places_of(name))
    assert whole.terminal.vehicle.place and not whole.terminal.vehicle.failures


def test_fuzzy_sentences_never_stop_what_comes_behind_them():
    clean, fuzzy = recording("quectel-eg25-g"), recording("nmea-fuzzy-cases")
    alone, behind = Whole(), Whole()
    alone.hear(clean)
    behind.hear(fuzzy[: len(fuzzy) // 2 + 1])  # in the middle of a sentence
    before = len(behind.positions)
    behind.hear(clean)
    assert len(alone.positions) > 10
    assert_known(behind.positions[before:], places_of("quectel-eg25-g") | places_of("nmea-fuzzy-cases"))
    assert len(set(alone.positions) - set(behind.positions[before:])) <= 2  # the epoch that the cut spoilt
