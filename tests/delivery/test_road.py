"""Journal → broker → authority → receipt → cursor, over a real broker that is killed, cut and lies."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import publish

from edge_gateway.delivery.spans import Span
from protocols.monitoring.records import Record, record_id
from simulator.authority.service import Authority
from simulator.authority.store import Store, TerminalCounts
from simulator.broker import Broker
from simulator.children import Child
from tests.monitoring.mix import make_mix

from .journal_in_memory import JournalInMemory
from .settings import Batching, Config, Mqtt, delivery_of
from .waiting import wait_for


def ids_of(records: list[Record]) -> set[bytes]:
    return {record_id(record.phone, record.body) for record in records}


def config_for(broker: Broker, **mqtt: object) -> Config:
    return Config(replace(Mqtt(broker.port), **mqtt))


def authority_for(broker: Broker, folder: Path) -> Authority:
    return Authority(broker.host, broker.port, folder / "authority.db")


def check_account(folder: Path, records: list[Record]) -> TerminalCounts:
    """Everything once, nothing else; gives the counts."""
    with Store(folder / "authority.db", read_only=True) as store:
        assert store.stored_ids() == ids_of(records)
        counts = store.counts()
        by_terminal = store.counts_by_terminal()
    assert counts.received == len(records)
    assert counts.duplicated == 0
    assert sum(count.received for count in by_terminal.values()) == len(records)
    return counts


@pytest.mark.parametrize("form", ["columnar", "json"])
def test_every_report_arrives_and_the_cursor_follows(
    broker: Broker, make_journal: Callable, tmp_path: Path, form: str
) -> None:
    records, journal = make_mix(700), make_journal()
    config = replace(config_for(broker), batch=Batching(form=form))
    delivery = delivery_of(config, journal)
    with authority_for(broker, tmp_path) as authority:
        assert authority.wait_until_ready(20)
        journal.append(records[:400])
        delivery.start()
        for at in range(400, 700, 20):
            journal.append(records[at : at + 20])
        wait_for(lambda: journal.confirmed_sequence == 700, delivery.stats)
        delivery.stop()
    stats = delivery.stats()
    assert check_account(tmp_path, records).redelivered == 0
    assert stats["confirmed_records"] == stats["sent_records"] == 700
    assert stats["crashes"] == stats["resent_batches"] == stats["receipts_malformed"] == 0


def test_puback_confirms_where_the_receiver_gives_no_receipts(broker: Broker, make_journal: Callable) -> None:
    journal = make_journal()
    delivery = delivery_of(config_for(broker, confirm="puback"), journal)
    delivery.start()
    journal.append(make_mix(120))
    wait_for(lambda: journal.confirmed_sequence == 120, delivery.stats)
    delivery.stop()


@pytest.mark.slow
def test_a_broker_killed_in_the_middle_loses_and_doubles_nothing(
    broker: Broker, make_journal: Callable, tmp_path: Path
) -> None:
    records, journal = make_mix(1500), make_journal()
    delivery = delivery_of(config_for(broker), journal)
    with authority_for(broker, tmp_path) as authority:
        assert authority.wait_until_ready(20)
        delivery.start()
        for at in range(0, 1500, 50):
            journal.append(records[at : at + 50])
            if at in (300, 900):
                wait_for(lambda at=at: journal.confirmed_sequence >= at - 200, delivery.stats)
                broker.kill()
            elif at in (600, 1200):
                broker.start()
        wait_for(lambda: journal.confirmed_sequence == 1500, delivery.stats, 60)
        delivery.stop()
    check_account(tmp_path, records)
    assert delivery.stats()["connections"] >= 2
    assert delivery.stats()["crashes"] == 0


def start_authority(broker: Broker, folder: Path) -> Child:
    command = [sys.executable, "-m", "simulator.authority", "--broker", f"127.0.0.1:{broker.port}"]
    child = Child([*command, "--database", str(folder / "authority.db")], stdout=subprocess.PIPE)
    assert child.process.stdout
    assert json.loads(child.process.stdout.readline())["event"] == "ready"
    return child


@pytest.mark.slow
def test_an_authority_killed_in_the_middle_stores_everything_once(
    broker: Broker, make_journal: Callable, tmp_path: Path
) -> None:
    records, journal = make_mix(2000), make_journal()
    authority = start_authority(broker, tmp_path)
    delivery = delivery_of(config_for(broker), journal)
    delivery.start()
    for at in range(0, 2000, 100):
        journal.append(records[at : at + 100])
        if at in (500, 1300):
            wait_for(lambda at=at: journal.confirmed_sequence >= at - 300, delivery.stats)
            authority.kill()
            authority = start_authority(broker, tmp_path)
    wait_for(lambda: journal.confirmed_sequence == 2000, delivery.stats, 60)
    delivery.stop()
    assert authority.stop() == 0
    check_account(tmp_path, records)


def test_what_a_dead_gateway_sent_is_sent_again_and_recognised(
    broker: Broker, make_journal: Callable, tmp_path: Path
) -> None:
    """The first delivery ends with everything at the broker and no receipt: as after kill -9."""
    records, journal = make_mix(300), make_journal()
    with authority_for(broker, tmp_path) as authority:
        assert authority.wait_until_ready(20)  # from now on the broker keeps what comes for it
    first = delivery_of(config_for(broker), journal)
    first.start()
    journal.append(records)
    wait_for(lambda: first.stats()["pubacks"] == 6, first.stats)
    first.stop()
    assert journal.confirmed_sequence == 0
    journal = make_journal()
    second = delivery_of(replace(config_for(broker), batch=Batching(max_records=70)), journal)
    second.start()
    with authority_for(broker, tmp_path):
        wait_for(lambda: journal.confirmed_sequence == 300, second.stats)
    second.stop()
    assert check_account(tmp_path, records).redelivered == 300
    assert second.stats()["receipts_duplicate"] + second.stats()["receipts_unknown"] >= 1


LIAR = """authorization { users: [
  {user: gw, password: secret, permissions: {publish: {deny: ["gov.v1.pos.>"]}}},
  {user: authority, password: secret} ] }
no_auth_user: authority"""


def test_a_broker_that_acknowledges_and_drops_cannot_move_the_cursor(tmp_path: Path) -> None:
    """Access rules make nats-server PUBACK what it throws away (MQTT 3.1.1 has no other answer)."""
    records, journal = make_mix(100), JournalInMemory()
    password_file = tmp_path / "password"
    password_file.write_text("secret\n")
    with Broker(tmp_path / "broker", extra=LIAR) as broker:
        config = config_for(
            broker, username="gw", password_file=str(password_file), receipt_timeout_s=0.2, window=2
        )
        delivery = delivery_of(config, journal)
        with authority_for(broker, tmp_path) as authority:
            assert authority.wait_until_ready(20)
            delivery.start()
            journal.append(records)
            wait_for(lambda: delivery.stats()["resent_batches"] >= 4, delivery.stats)
            assert delivery.stats()["pubacks"] >= 4
            assert delivery.stats()["in_flight"] >= 1
            assert journal.confirmed_sequence == 0
            broker.stop()
            broker.extra = LIAR.replace('deny: ["gov.v1.pos.>"]', 'deny: ["nothing"]')
            broker.start()
            wait_for(lambda: journal.confirmed_sequence == 100, delivery.stats)
        delivery.stop()
    check_account(tmp_path, records)


DEAF = """authorization { users: [
  {user: gw, password: secret, permissions: {subscribe: {deny: ["gov.v1.ack.>"]}}} ] }
no_auth_user: gw"""


def test_a_refused_subscription_is_loud_and_nothing_is_sent(tmp_path: Path) -> None:
    journal = JournalInMemory()
    journal.append(make_mix(10))
    with Broker(tmp_path / "broker", extra=DEAF) as broker:
        delivery = delivery_of(config_for(broker), journal)
        delivery.start()
        wait_for(lambda: delivery.stats()["connection_failures"] >= 2, delivery.stats)
        delivery.stop()
    assert "refuses the subscription to gov/v1/ack/gw" in delivery.stats()["last_error"]
    assert delivery.stats()["sent_batches"] == 0


def test_a_wrong_password_is_loud(tmp_path: Path) -> None:
    password_file = tmp_path / "password"
    password_file.write_text("guess")
    with Broker(tmp_path / "broker", extra=LIAR.replace("no_auth_user: authority", "")) as broker:
        delivery = delivery_of(
            config_for(broker, username="gw", password_file=str(password_file)), JournalInMemory()
        )
        delivery.start()
        wait_for(lambda: delivery.stats()["connection_failures"] >= 1, delivery.stats)
        delivery.stop()
    assert "refuses the connection" in delivery.stats()["last_error"]


def test_garbage_among_the_receipts_is_counted_and_harmless(
    broker: Broker, make_journal: Callable, tmp_path: Path
) -> None:
    records, journal = make_mix(100), make_journal()
    delivery = delivery_of(config_for(broker), journal)
    delivery.start()
    wait_for(lambda: delivery.stats()["connected"], delivery.stats)
    for payload in (b"", b"\xff" * 40, b'{"schema":"dianyun.receipt/1","gateway":"gw"}'):
        publish.single("gov/v1/ack/gw", payload, qos=1, port=broker.port)
    with authority_for(broker, tmp_path):
        journal.append(records)
        wait_for(lambda: journal.confirmed_sequence == 100, delivery.stats)
        wait_for(lambda: delivery.stats()["receipts_malformed"] == 3, delivery.stats)
    delivery.stop()
    check_account(tmp_path, records)


def test_without_a_broker_it_waits_and_stops_at_once(broker: Broker) -> None:
    broker.stop()
    delivery = delivery_of(config_for(broker), JournalInMemory())
    delivery.start()
    wait_for(lambda: delivery.stats()["connection_failures"] >= 2, delivery.stats)
    delivery.stop()
    assert not delivery.stats()["connected"]


@pytest.mark.slow
def test_a_journal_that_fails_is_tried_again(broker: Broker, tmp_path: Path) -> None:
    class Failing(JournalInMemory):
        failures = 3

        def confirm(self, sequence: int, ahead: Sequence[Span] = ()) -> None:
            if self.failures:
                self.failures -= 1
                raise OSError("no space left on device")
            super().confirm(sequence, ahead)

    records, journal = make_mix(60), Failing()
    delivery = delivery_of(config_for(broker), journal)
    delivery.start()
    with authority_for(broker, tmp_path):
        journal.append(records)
        wait_for(lambda: journal.confirmed_sequence == 60, delivery.stats)
    delivery.stop()
    assert delivery.stats()["crashes"] == 3
    check_account(tmp_path, records)
