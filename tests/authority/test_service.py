"""The authority at a real broker: receipts for good batches and bad ones, silence only where no name is."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from protocols.monitoring.batch import Batch
from protocols.monitoring.forms import encode_batch
from protocols.monitoring.receipt import Receipt, decode_receipt, digest_of
from protocols.monitoring.records import Record, record_id
from simulator.authority.service import Authority
from simulator.authority.store import Store
from simulator.broker import Broker
from simulator.children import Child
from tests.delivery.waiting import wait_for
from tests.monitoring.mix import make_mix


class Gateway:
    """The least that publishes batches and collects receipts."""

    def __init__(self, port: int) -> None:
        self.receipts: list[Receipt] = []
        self._subscribed: list[object] = []
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="test-gateway")
        self._client.on_message = lambda *event: self.receipts.append(decode_receipt(event[2].payload))
        self._client.on_subscribe = lambda *event: self._subscribed.append(event)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("gov/v1/ack/gw", qos=1)
        wait_for(lambda: self._subscribed, "SUBACK")

    def publish(self, payload: bytes, topic: str = "gov/v1/pos/gw") -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(20)

    def exchange(self, payload: bytes) -> Receipt:
        known = len(self.receipts)
        self.publish(payload)
        wait_for(lambda: len(self.receipts) > known, "a receipt")
        return self.receipts[-1]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def gateway(broker: Broker) -> Iterator[Gateway]:
    opened = Gateway(broker.port)
    yield opened
    opened.close()


@pytest.fixture
def authority(broker: Broker, tmp_path: Path) -> Iterator[Authority]:
    with Authority(broker.host, broker.port, tmp_path / "authority.db") as running:
        assert running.wait_until_ready(20)
        yield running


@pytest.mark.parametrize("form", ["columnar", "json"])
def test_a_good_batch_gets_a_receipt_and_again_one(gateway: Gateway, authority: Authority, form: str) -> None:
    payload = encode_batch(Batch("gw", make_mix(40)), form)
    assert gateway.exchange(payload) == Receipt("gw", "gw/1/40", digest_of(payload), 40, 0)
    assert gateway.exchange(payload) == Receipt("gw", "gw/1/40", digest_of(payload), 0, 40)
    assert authority.stats()["redelivered"] == 40


def test_a_bad_batch_with_a_name_is_answered_with_the_reason(gateway: Gateway, authority: Authority) -> None:
    payload = encode_batch(Batch("gw", make_mix(40)))[:-20]
    receipt = gateway.exchange(payload)
    assert (receipt.batch, receipt.accepted, receipt.duplicate) == ("gw/1/40", 0, 0)
    assert "CRC-32" in receipt.error
    assert authority.stats()["refused"] == 1


def test_a_bad_record_in_a_json_batch_is_named(gateway: Gateway, authority: Authority) -> None:
    payload = encode_batch(Batch("gw", make_mix(3)), "json").replace(b'"edition":2013', b'"edition":1999', 1)
    assert "records[0].edition" in gateway.exchange(payload).error
    assert authority.stats()["accepted"] == 0


def test_what_has_no_name_or_a_foreign_one_is_counted_and_the_next_one_served(
    gateway: Gateway, authority: Authority
) -> None:
    good = encode_batch(Batch("gw", make_mix(5)))
    for payload in (b"", b"{}", b"\xff" * 50, encode_batch(Batch("other", make_mix(5))), good[:9]):
        gateway.publish(payload)
    gateway.publish(encode_batch(Batch("other", make_mix(5)))[:-9])
    assert gateway.exchange(good).accepted == 5
    stats = authority.stats()
    assert (stats["malformed"], stats["refused"], stats["receipts"]) == (6, 0, 1)


def test_a_policy_rejects_records_by_name(broker: Broker, gateway: Gateway, tmp_path: Path) -> None:
    records = make_mix(6)

    def policy(record: Record) -> str:
        return "no such vehicle" if record.sequence in (2, 5) else ""

    with Authority(broker.host, broker.port, tmp_path / "authority.db", policy=policy) as authority:
        assert authority.wait_until_ready(20)
        receipt = gateway.exchange(encode_batch(Batch("gw", records)))
    assert receipt.accepted == 4
    unwanted = [record_id(record.phone, record.body) for record in (records[1], records[4])]
    assert [rejection.record_id for rejection in receipt.rejected] == unwanted
    with Store(tmp_path / "authority.db", read_only=True) as store:
        assert store.counts().received == 4


@pytest.mark.slow
def test_a_store_that_fails_gives_no_receipt_and_the_batch_comes_again(
    gateway: Gateway, authority: Authority, tmp_path: Path
) -> None:
    """Another writer holds the database longer than the service waits: stands for a full disk."""
    authority._store._database.execute("PRAGMA busy_timeout = 50")
    blocker = sqlite3.connect(tmp_path / "authority.db", isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    gateway.publish(encode_batch(Batch("gw", make_mix(5))))
    wait_for(lambda: authority.stats()["store_failures"] >= 1, authority.stats)
    assert gateway.receipts == []
    blocker.execute("ROLLBACK")
    blocker.close()
    wait_for(lambda: gateway.receipts, authority.stats)  # the broker's ack_wait is 5 s
    assert gateway.receipts[0].accepted == 5


def test_it_survives_the_loss_of_its_broker(broker: Broker, authority: Authority) -> None:
    broker.kill()
    wait_for(lambda: not authority.stats()["connected"], authority.stats)
    broker.start()
    wait_for(lambda: authority.stats()["connected"], authority.stats)
    gateway = Gateway(broker.port)
    assert gateway.exchange(encode_batch(Batch("gw", make_mix(5)))).accepted == 5
    gateway.close()


def test_as_a_process_it_says_when_it_is_ready_and_what_it_counted(
    broker: Broker, gateway: Gateway, tmp_path: Path
) -> None:
    database = tmp_path / "authority.db"
    command = [sys.executable, "-m", "simulator.authority", "--database", str(database)]
    child = Child([*command, "--broker", f"127.0.0.1:{broker.port}"], stdout=subprocess.PIPE)
    output = child.process.stdout
    assert output
    assert json.loads(output.readline())["event"] == "ready"
    gateway.exchange(encode_batch(Batch("gw", make_mix(5))))
    assert child.stop() == 0
    last = json.loads(output.readline())
    assert (last["event"], last["accepted"], last["receipts"]) == ("stopped", 5, 1)


def test_a_wrong_broker_address_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator.authority", "--broker", "nowhere", "--database", "x.db"]
    outcome = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert outcome.returncode == 2
    assert "HOST:PORT" in outcome.stderr
