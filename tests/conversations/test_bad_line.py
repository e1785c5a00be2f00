"""The terminal core talks to the gateway's session core over a line that splits, delays and breaks.

The journal is a list that takes its time and loses what it had not committed when the gateway dies. No
socket, no thread, no waiting: a quarter of an hour passes in a second, and a seed tells how.
"""

import os
import random
from collections import Counter

import pytest

from edge_gateway.session import Authenticated, Close, Register, Session, SessionLimits
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import RecordLog
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal
from protocols.monitoring.records import record_id
from tests.firmware.platform_script import sentence

STEP_MS = 50
DRIVE_S = 240
DRAIN_S = 1200
CODE = b"c0de"


class Door:
    """A registry that gives everybody the same code."""

    def __init__(self, edition):
        self.edition = edition

    def authenticate(self, identity, code, layout_2019):
        return self.edition if code == CODE else None


class World:
    """One truck, one gateway, and the line between them."""

    def __init__(self, edition, seed):
        self.dice = random.Random(seed)
        self.door = Door(edition)
        self.now_ms = 0
        self.journal = Counter()  # record id → how often it was sent to the journal and committed
        self.emitted, self.acknowledged, self.breaks, self.deaths = {}, set(), 0, 0
        files = RamFiles()
        settings = Settings(
            store=Store(files), phone="13800138000", edition=edition, servers=(("gateway", 1),), interval_s=1,
            answer_timeout_s=3, reconnect_s=1, reconnect_max_s=4, backfill_gap_ms=200,
        )  # fmt: skip
        self.terminal = Terminal(settings, RecordLog(files, 2000, 50), lambda: self.dice.randrange(65536))
        self.terminal.on_report = self.report
        self.terminal.on_acknowledged = self.acknowledge
        self.session = None
        self.line = []  # (due, step): whatever is under way
        self.commits = []  # (due, submission)

    def report(self, sequence, body, length):
        self.emitted[sequence] = record_id("13800138000", bytes(body[:length]))

    def acknowledge(self, sequence):
        assert self.journal[self.emitted[sequence]], "acknowledged, and not in the journal"
        self.acknowledged.add(sequence)

    def carry(self, data, deliver):
        """Bytes take their time, in pieces, in order."""
        due, at = self.now_ms, 0
        while at < len(data):
            piece = data[at : at + self.dice.randrange(1, 60)]
            due = max(
                [due + self.dice.randrange(200)] + [each[0] for each in self.line if each[1] == deliver]
            )
            self.line.append((due, deliver, piece))
            at += len(piece)

    def connect(self):
        self.session = Session(self.door, SessionLimits(), Counter(), self.now_ms)
        self.terminal.link_opened(self.now_ms)

    def break_line(self):
        """What is under way is gone, in both directions. The gateway still commits what it has."""
        if self.session is not None:
            self.breaks += 1
            self.session.closed()
            self.session, self.line = None, []
            self.terminal.link_closed(self.now_ms)

    def kill_gateway(self):
        """The line breaks and what was not committed is gone."""
        self.deaths += 1
        self.commits = []
        self.break_line()

    def up(self, data):
        session = self.session
        session.receive(data, self.now_ms)
        for submission in session.submissions():
            self.commits.append((self.now_ms + self.dice.randrange(400), session, submission))
        for event in session.events():
            if isinstance(event, Register):
                event.answer(0, CODE)
            else:
                assert isinstance(event, Authenticated) and not isinstance(event, Close)
        self.carry(session.data_to_send(), self.down)

    def down(self, data):
        self.terminal.receive(data, self.now_ms)

    def commit(self):
        due = [each for each in self.commits if each[0] <= self.now_ms]
        self.commits = [each for each in self.commits if each[0] > self.now_ms]
        for _, session, submission in due:
            for _, _, body in submission.reports:
                self.journal[record_id(submission.origin.phone, body)] += 1
            if session is self.session:
                self.carry(submission.answers, self.down)

    def step(self):
        self.now_ms += STEP_MS
        self.terminal.tick(self.now_ms)
        if self.session is None and self.terminal.wants_link():
            self.connect()
        if self.session is not None and self.terminal.wants_close():
            self.break_line()
        while self.session is not None and (data := self.terminal.data_to_send()) is not None:
            self.carry(bytes(data), self.up)
        due = [each for each in self.line if each[0] <= self.now_ms]
        self.line = [each for each in self.line if each[0] > self.now_ms]
        for _, deliver, piece in due:
            if self.session is not None:
                deliver(piece)
        self.commit()

    def fix(self, second):
        clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}.00"
        place = f"25{second % 60:02}.{self.dice.randrange(1000):03},N,10243.0,E"
        data = sentence(f"GNRMC,{clock},A,{place},30.0,90.0,020326,,,A")
        self.terminal.feed_gnss(data, len(data), self.now_ms)

    def drive(self):
        for second in range(DRIVE_S):
            self.fix(3600 + second)
            for _ in range(1000 // STEP_MS):
                chance = self.dice.random()
                if chance < 0.002:
                    self.break_line()
                elif chance < 0.003:
                    self.kill_gateway()
                self.step()

    def drain(self):
        """Until all that was emitted so far is acknowledged: the terminal goes on reporting without a fix."""
        owed, end_ms = set(self.emitted), self.now_ms + DRAIN_S * 1000
        while not owed <= self.acknowledged and self.now_ms < end_ms:
            self.step()
        return owed


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
@pytest.mark.parametrize("number", range(3))
def test_nothing_is_lost_and_nothing_is_acknowledged_before_its_commit(edition, number):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    world = World(edition, seed)
    world.drive()
    while not world.breaks:
        world.break_line()
    owed = world.drain()
    assert len(world.emitted) >= DRIVE_S and len(set(world.emitted.values())) == len(world.emitted)
    assert owed <= world.acknowledged
    assert {world.emitted[sequence] for sequence in owed} <= set(world.journal) <= set(world.emitted.values())
