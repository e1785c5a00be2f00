"""Several monitoring systems, live before backlog, filters, the EMQX layout, quotas: over real brokers."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_gateway.delivery import destination_names
from edge_gateway.journal import Journal, read_totals
from protocols.monitoring import emqx_form
from protocols.monitoring.records import MESSAGE, Record, id_of
from simulator.broker import Broker

from .conftest import JournalOnDisk
from .journal_in_memory import JournalInMemory
from .road import a_seed, account, authority, delivered, delivering, records_of
from .settings import Config, Mqtt, delivery_of, settings
from .waiting import wait_for


class Listener:
    """Hears a topic filter with QoS 1."""

    def __init__(self, port: int, topics: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=mqtt.MQTTv311)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topics, 1)
        self._client.loop_start()
        assert self._ready.wait(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_two_systems_each_with_its_own_cursor(broker: Broker, tmp_path: Path) -> None:
    """One is away: the other gets everything, and the journal keeps what the first has not."""
    seed = a_seed()
    records = records_of(seed, 600)
    with Broker(tmp_path / "second") as second:
        here = settings(name="here", port=broker.port)
        there = settings(name="there", port=second.port, gateway="gw", form="json")
        config = Config(Mqtt(broker.port), destination=(here, there))
        journal = JournalOnDisk(tmp_path / "journal.db", destinations=destination_names(config))
        delivery = delivery_of(config, journal)
        second.stop()
        with authority(broker.port, tmp_path / "here.db"):
            delivery.start()
            journal.append(records)
            wait_for(lambda: journal.destination("here").confirmed_sequence == 600, delivery.stats)
        stats = delivery.stats()
        assert (stats["destinations"]["here"]["depth"], stats["destinations"]["there"]["depth"]) == (0, 600)
        assert journal.confirmed_sequence == 0 == stats["cursor"]
        second.start()
        with authority(second.port, tmp_path / "there.db"):
            wait_for(lambda: journal.confirmed_sequence == 600, delivery.stats)
        delivery.stop()
        journal.close()
    account(tmp_path / "here.db", records)
    account(tmp_path / "there.db", records)
    figures = read_totals(tmp_path / "journal.db")["destinations"]
    assert [figures[name]["queued"] for name in ("here", "there")] == [0, 0]


def test_what_is_new_goes_before_a_long_backlog(broker: Broker, tmp_path: Path) -> None:
    seed = a_seed()
    records, journal = records_of(seed, 6000), JournalInMemory()
    arrived: list[int] = []
    gate = threading.Event()

    def note(record: Record) -> str:
        """The authority is busy with the first record until the news are there."""
        assert gate.wait(60)
        arrived.append(record.sequence)
        return ""

    journal.append(records[:5800])
    with (
        authority(broker.port, tmp_path / "a.db", policy=note),
        delivering(settings(port=broker.port, window=4), journal) as destination,
    ):
        wait_for(lambda: destination.stats()["backlog"] > 0, destination.stats)
        journal.append(records[5800:])
        gate.set()
        delivered(destination, journal)
        ahead = arrived.index(5801)
        assert ahead <= 4 * 50, "more of the backlog went before it than was on its way already"
        assert arrived[-1] == 5800, "the backlog ends last"
        assert destination.stats()["confirmed_records"] == 6000
    account(tmp_path / "a.db", records)


@pytest.mark.parametrize("form", ["columnar", "json"])
def test_a_filter_lets_only_what_is_wanted_through(broker: Broker, tmp_path: Path, form: str) -> None:
    seed = a_seed()
    records, journal = records_of(seed, 400), JournalInMemory()
    with (
        authority(broker.port, tmp_path / "a.db"),
        delivering(settings(port=broker.port, kinds=("message",), form=form), journal) as destination,
    ):
        journal.append(records)
        delivered(destination, journal)
    wanted = [record for record in records if record.kind == MESSAGE]
    account(tmp_path / "a.db", wanted)
    assert destination.stats()["filtered"] == len(records) - len(wanted)


def test_the_layout_of_emqx(broker: Broker) -> None:
    seed = a_seed()
    records, journal = records_of(seed, 120), JournalInMemory()
    listener = Listener(broker.port, "jt808/+/+/up")
    one = settings(port=broker.port, form="emqx", confirm="puback", topic_prefix="jt808")
    with delivering(one, journal) as destination:
        journal.append(records)
        delivered(destination, journal)
    wait_for(lambda: len(listener.heard) >= 120, lambda: len(listener.heard))
    listener.close()
    heard = {id_of(record): record for record in (emqx_form.decode(payload) for _, payload in listener.heard)}
    assert list(heard.values()) == journal.records
    for topic, payload in listener.heard:
        assert topic.split("/")[2] == json.loads(payload)["header"]["phone"]


def test_a_system_that_is_away_too_long_is_cut_loose_loudly(
    make_journal: Callable[[], Journal], caplog: pytest.LogCaptureFixture
) -> None:
    seed = a_seed()
    journal = make_journal()
    if isinstance(journal, JournalInMemory):
        journal.record_bytes = 100.0
    quota = 20_000
    records = records_of(seed, 1000)
    one = settings(port=1, max_backlog_bytes=quota)
    with (
        caplog.at_level(logging.ERROR),
        delivering(one, journal.destination("")) as destination,  # type: ignore[arg-type]
    ):
        journal.append(records)  # type: ignore[attr-defined]
        wait_for(lambda: 0 < destination.stats()["depth_bytes"] <= quota, destination.stats)
    stats = destination.stats()
    assert stats["lost"] > 0 and stats["lost"] + stats["depth"] == 1000
    assert "are given up and lost for it" in caplog.text


def test_a_rate_is_kept(broker: Broker, tmp_path: Path) -> None:
    seed = a_seed()
    records, journal = records_of(seed, 200), JournalInMemory()
    with (
        authority(broker.port, tmp_path / "a.db"),
        delivering(settings(port=broker.port, rate=100, max_records=20), journal) as destination,
    ):
        journal.append(records)
        wait_for(lambda: destination.stats()["confirmed_records"] >= 100, destination.stats)
        assert destination.stats()["sent_records"] <= 140, "a burst of one second, and little more"
        delivered(destination, journal)
    account(tmp_path / "a.db", records)
