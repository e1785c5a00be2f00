"""The faults that a delivery lives through, each ending with lost 0 and duplicated 0 at the authority.

A broker that acknowledges and drops, and kills of broker and authority, are in `test_road`.
"""

import json
import random
import socket
import time
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_gateway.delivery import destination as destination_module
from protocols.monitoring.records import Record
from protocols.monitoring.topics import receipts_topic
from simulator.broker import Broker

from .journal_in_memory import JournalInMemory
from .road import a_seed, account, authority, delivered, delivering, records_of
from .settings import settings
from .waiting import wait_for

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

DAY_MS = 86_400_000


class Clock:
    """Milliseconds that pass `rate` times as fast as they do."""

    def __init__(self) -> None:
        self.rate = 1.0
        self._passed, self._seen = 0.0, time.monotonic()

    def __call__(self) -> int:
        now = time.monotonic()
        self._passed += (now - self._seen) * 1000 * self.rate
        self._seen = now
        return int(self._passed)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(destination_module, "_now_ms", clock)
    monkeypatch.setattr(destination_module, "_RECONNECT_MS", (20, 100))
    return clock


@pytest.mark.slow
def test_the_broker_is_away_for_two_hours(broker: Broker, clock: Clock, tmp_path: Path) -> None:
    """Two hours of delivery's clock; reports go on coming, and what comes afterwards is not held up."""
    seed = a_seed()
    records, journal = records_of(seed, 3000), JournalInMemory()
    with (
        authority(broker.port, tmp_path / "a.db"),
        delivering(settings(port=broker.port, window=8), journal) as destination,
    ):
        journal.append(records[:200])
        delivered(destination, journal)
        broker.kill()
        clock.rate = 3600.0
        away_since_ms = clock()
        for at in range(200, 2800, 100):
            journal.append(records[at : at + 100])
        wait_for(lambda: clock() - away_since_ms > 2 * 3_600_000, "two hours of the scaled clock")
        assert destination.stats()["depth"] == 2600 and not destination.stats()["connected"]
        clock.rate = 1.0
        broker.start()
        wait_for(lambda: destination.stats()["connected"], destination.stats, 60)
        journal.append(records[2800:])
        delivered(destination, journal)
    account(tmp_path / "a.db", records)
    assert destination.stats()["lost"] == 0


def test_the_name_of_the_broker_is_not_found_for_a_while(
    broker: Broker, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = a_seed()
    records, journal = records_of(seed, 300), JournalInMemory()
    real, asked = socket.getaddrinfo, []

    def resolve(host: str, *rest: object, **more: object) -> object:
        if host != "broker.test":
            return real(host, *rest, **more)  # type: ignore[arg-type]
        asked.append(host)
        if len(asked) < 4:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real("127.0.0.1", *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        authority(broker.port, tmp_path / "a.db"),
        delivering(settings(host="broker.test", port=broker.port), journal) as destination,
    ):
        journal.append(records)
        wait_for(lambda: "name resolution" in destination.stats()["last_error"], destination.stats)
        delivered(destination, journal)
        stats = destination.stats()
    assert stats["connection_failures"] >= 3 and stats["crashes"] == 0 and stats["last_error"] == ""
    account(tmp_path / "a.db", records)


@pytest.mark.slow
def test_a_slow_authority_is_waited_for(broker: Broker, tmp_path: Path) -> None:
    """It takes longer than a receipt may: batches are sent again, and recognised."""
    seed = a_seed()
    records, journal = records_of(seed, 600), JournalInMemory()

    def think(record: Record) -> str:
        time.sleep(0.002)
        return ""

    with (
        authority(broker.port, tmp_path / "a.db", policy=think),
        delivering(settings(port=broker.port, receipt_timeout_s=0.3), journal) as destination,
    ):
        journal.append(records)
        delivered(destination, journal)
        stats = destination.stats()
    counts = account(tmp_path / "a.db", records)
    assert stats["resent_batches"] > 0
    assert counts.redelivered > 0


class Parrot:
    """Says every receipt again, changed and not, and receipts for batches that never were."""

    def __init__(self, port: int, dice: random.Random) -> None:
        self._dice = dice
        self._topic = receipts_topic("gov/v1", "gw")
        self._own: set[bytes] = set()
        self.said = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="parrot", protocol=mqtt.MQTTv311)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(self._topic, 1)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.payload in self._own:
            return
        receipt = json.loads(message.payload)
        count = receipt["accepted"] + receipt["duplicate"]
        stranger = receipt | {"batch": f"gw/{self._dice.randrange(10**6, 10**9)}/{count}"}
        wrong = receipt | {"payload_sha256": self._dice.randbytes(32).hex()}
        for said in (receipt, wrong, stranger, receipt):
            payload = json.dumps(said).encode()
            self._own.add(payload)
            self._client.publish(self._topic, payload, 1)
            self.said += 1


def test_receipts_twice_for_unknown_batches_and_with_wrong_hashes(broker: Broker, tmp_path: Path) -> None:
    seed = a_seed()
    records, journal = records_of(seed, 500), JournalInMemory()
    with (
        authority(broker.port, tmp_path / "a.db"),
        delivering(settings(port=broker.port), journal) as destination,
    ):
        wait_for(lambda: destination.stats()["connected"], destination.stats)
        parrot = Parrot(broker.port, random.Random(seed))
        for at in range(0, 500, 50):
            journal.append(records[at : at + 50])
            delivered(destination, journal)
        wait_for(lambda: destination.stats()["receipts"] >= 10 + parrot.said, destination.stats)
        parrot.close()
        stats = destination.stats()
    assert stats["receipts_unknown"] >= 1 and stats["receipts_duplicate"] >= 10
    assert stats["confirmed_records"] == 500 and stats["crashes"] == 0
    assert account(tmp_path / "a.db", records).redelivered == 0


def test_a_wrong_hash_alone_frees_nothing(broker: Broker) -> None:
    """Nobody stores; somebody confirms with the hash of something else."""
    seed = a_seed()
    journal, dice = JournalInMemory(), random.Random(seed)
    with delivering(settings(port=broker.port), journal) as destination:
        journal.append(records_of(seed, 50))
        wait_for(lambda: destination.stats()["pubacks"] == 1, destination.stats)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="forger", protocol=mqtt.MQTTv311)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        forged = {"schema": "dianyun.receipt/1", "gateway": "gw", "batch": "gw/1/50", "accepted": 50}
        forged |= {"duplicate": 0, "rejected": [], "payload_sha256": dice.randbytes(32).hex()}
        client.publish("gov/v1/ack/gw", json.dumps(forged).encode(), 1)
        wait_for(lambda: destination.stats()["receipts_mismatched"] == 1, destination.stats)
        client.disconnect()
        client.loop_stop()
        assert journal.confirmed_sequence == 0


@pytest.mark.slow
def test_the_broker_is_started_anew_again_and_again(broker: Broker, clock: Clock, tmp_path: Path) -> None:
    seed = a_seed()
    dice, records, journal = random.Random(seed), records_of(seed, 1500), JournalInMemory()
    with (
        authority(broker.port, tmp_path / "a.db"),
        delivering(settings(port=broker.port, receipt_timeout_s=1.0), journal) as destination,
    ):
        for at in range(0, 1500, 100):
            journal.append(records[at : at + 100])
            if dice.random() < 0.3:
                wait_for(lambda at=at: journal.confirmed_sequence >= at - 300, destination.stats)
                broker.stop()
                broker.start()
        delivered(destination, journal)
        stats = destination.stats()
    account(tmp_path / "a.db", records)
    assert stats["crashes"] == 0


def test_the_clock_of_the_machine_jumps(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty years forth and back, while nobody listens: the quota by age gives up nothing for it."""
    seed = a_seed()
    records, journal, shift_ms = records_of(seed, 300), JournalInMemory(), [0]
    real = time.time_ns
    monkeypatch.setattr(destination_module.time, "time_ns", lambda: real() + shift_ms[0] * 1_000_000)
    one = settings(port=broker.port, max_backlog_age_s=600.0)
    with delivering(one, journal) as destination:
        for at, years in ((0, 0), (100, 20), (200, -40)):
            shift_ms[0] = years * 365 * DAY_MS
            moved = [
                record._replace(received_ms=max(0, record.received_ms + shift_ms[0]))
                for record in records[at : at + 100]
            ]
            journal.append(moved)
            sent = 2 * (at // 100 + 1)
            wait_for(lambda sent=sent: destination.stats()["pubacks"] >= sent, destination.stats)
            assert destination.stats()["oldest_age_ms"] >= 0
        with authority(broker.port, tmp_path / "a.db"):
            delivered(destination, journal)
    assert destination.stats()["lost"] == 0 == journal.lost
    account(tmp_path / "a.db", records)
