"""The road under guarded envelopes, over a real broker: batches up, receipts down, resends, wrong keys."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import publish

from edge_gateway.delivery.link import Answer, Link
from edge_gateway.delivery.sealing import envelope_of
from edge_gateway.delivery.waker import Waker
from protocols.monitoring.envelopes import KeyRing, load_envelope, public_ring, write_ring
from protocols.monitoring.topics import receipts_topic, snapshots_topic
from protocols.wire.errors import LocalProtocolError
from simulator.authority.service import Authority
from simulator.broker import Broker
from tests.monitoring.envelope_world import GUARDED, ring
from tests.monitoring.mix import make_mix

from .settings import Config, Mqtt, delivery_of, settings
from .test_road import check_account
from .waiting import wait_for

pytestmark = pytest.mark.slow


def write_keys(folder: Path, profile: str) -> None:
    """The files of both sides: gw.keys, gw.public, authority.keys, authority.public."""
    for owner in ("gw", "authority"):
        own = KeyRing(replace(key, from_ms=0) for key in ring(profile, owner).keys)
        write_ring(folder / f"{owner}.keys", own)
        write_ring(folder / f"{owner}.public", public_ring(own))


def guarded(broker: Broker, folder: Path, profile: str, **mqtt: object) -> Config:
    """The gateway's configuration."""
    keys = {"envelope_keys": str(folder / "gw.keys"), "envelope_peers": str(folder / "authority.public")}
    return Config(replace(Mqtt(broker.port, envelope=profile, **keys), **mqtt))


def authority_for(broker: Broker, folder: Path, profile: str) -> Authority:
    """With its memory of what was taken on the disk."""
    envelope = load_envelope(
        profile, folder / "authority.keys", folder / "gw.public", seen_file=folder / "authority.seen"
    )
    return Authority(broker.host, broker.port, folder / "authority.db", envelope=envelope)


@pytest.mark.parametrize("profile", GUARDED)
def test_guarded_batches_arrive_once_also_when_they_are_sent_again(
    broker: Broker, make_journal: Callable, tmp_path: Path, profile: str
) -> None:
    """The authority comes late: every batch is sent several times, each time as another envelope."""
    write_keys(tmp_path, profile)
    records, journal = make_mix(300), make_journal()
    config = guarded(broker, tmp_path, profile, receipt_timeout_s=0.1)
    with authority_for(broker, tmp_path, profile) as authority:
        assert authority.wait_until_ready(20)
    delivery = delivery_of(config, journal)
    journal.append(records)
    delivery.start()
    wait_for(lambda: delivery.stats()["resent_batches"] >= 6, delivery.stats)
    with authority_for(broker, tmp_path, profile) as authority:
        wait_for(lambda: journal.confirmed_sequence == 300, delivery.stats)
        delivery.stop()
        stats = authority.stats()
    check_account(tmp_path, records)
    assert stats["malformed"] == stats["refused"] == 0, stats
    assert delivery.stats()["crashes"] == delivery.stats()["envelopes_refused"] == 0


def test_an_authority_of_other_keys_takes_nothing_and_nothing_is_lost(
    broker: Broker, make_journal: Callable, tmp_path: Path
) -> None:
    write_keys(tmp_path, "guomi")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    for owner in ("gw", "authority"):
        own = KeyRing(replace(key, owner=owner, from_ms=0) for key in ring("guomi", f"other {owner}").keys)
        write_ring(stranger / f"{owner}.keys", own)
        write_ring(stranger / f"{owner}.public", public_ring(own))
    journal = make_journal()
    journal.append(make_mix(50))
    delivery = delivery_of(guarded(broker, tmp_path, "guomi", receipt_timeout_s=0.1), journal)
    with authority_for(broker, stranger, "guomi") as wrong:
        delivery.start()
        wait_for(lambda: wrong.stats()["malformed"] > 0, wrong.stats)
        assert wrong.stats()["accepted"] == 0
    assert journal.confirmed_sequence == 0
    with authority_for(broker, tmp_path, "guomi"):
        wait_for(lambda: journal.confirmed_sequence == 50, delivery.stats)
    delivery.stop()


def test_plain_receipts_are_not_believed(broker: Broker, make_journal: Callable, tmp_path: Path) -> None:
    """Who may publish at the broker still cannot confirm a batch."""
    write_keys(tmp_path, "guomi")
    journal = make_journal()
    journal.append(make_mix(20))
    plain = delivery_of(Config(Mqtt(broker.port, receipt_timeout_s=0.1)), journal)
    with authority_for(broker, tmp_path, "guomi") as authority:
        plain.start()
        wait_for(lambda: authority.stats()["malformed"] > 0, authority.stats)
        assert authority.stats()["accepted"] == 0
    plain.stop()
    delivery = delivery_of(guarded(broker, tmp_path, "guomi", receipt_timeout_s=0.1), journal)
    delivery.start()
    with Authority(broker.host, broker.port, tmp_path / "plain.db", client_id="plain") as believer:
        wait_for(lambda: believer.stats()["malformed"] > 0, believer.stats)
    assert journal.confirmed_sequence == 0
    delivery.stop()


def test_a_destination_without_its_keys_does_not_begin(tmp_path: Path) -> None:
    missing = settings(envelope="guomi", envelope_keys=str(tmp_path / "nowhere.keys"))
    with pytest.raises(LocalProtocolError, match=r"nowhere\.keys"):
        envelope_of(missing)


def test_a_retained_snapshot_opens_at_any_age_and_nothing_else_does(broker: Broker, tmp_path: Path) -> None:
    """The broker's flag alone must not make an old message good again."""
    write_keys(tmp_path, "guomi")
    old_ms = time.time_ns() // 1_000_000 - 30 * 86_400_000
    authority = load_envelope("guomi", tmp_path / "authority.keys", tmp_path / "gw.public")
    topics = (snapshots_topic("gov/v1", "gw"), receipts_topic("gov/v1", "gw"))
    for topic in topics:
        sealed = authority.seal(b"from last month", topic, old_ms)
        publish.single(topic, sealed, qos=1, retain=True, hostname=broker.host, port=broker.port)
    keys = {"envelope_keys": str(tmp_path / "gw.keys"), "envelope_peers": str(tmp_path / "authority.public")}
    link, waker = Link(settings(port=broker.port, envelope="guomi", **keys), topics=topics), Waker()
    link.open()
    came: list[object] = []

    def both() -> bool:
        link.wait(waker.receiver, 0.05)
        came.extend(link.events())
        return len(came) + link.refused.total() == 2

    wait_for(both, lambda: (came, link.refused))
    link.close()
    waker.close()
    assert [event.topic for event in came if isinstance(event, Answer)] == [topics[0]]
    assert link.refused == {3004: 1}
