"""The same road over another broker, where it is installed: nothing here is made for one product.

`MQTT_BROKER=HOST:PORT` takes one that runs already, without TLS and password, with nothing on our topics.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.broker import free_port
from simulator.children import Child

from .journal_in_memory import JournalInMemory
from .road import a_seed, account, authority, delivered, delivering, records_of
from .settings import settings
from .waiting import wait_for

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[str, int]]:
    if named := os.environ.get("MQTT_BROKER"):
        host, _, number = named.rpartition(":")
        yield host, int(number)
        return
    if PROGRAM is None:
        pytest.skip(
            "mosquitto is not installed (Debian: apt-get install mosquitto), MQTT_BROKER names no other"
        )
    port = free_port()
    (tmp_path / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 100\n"
    )
    with (tmp_path / "mosquitto.log").open("ab") as log:
        child = Child([PROGRAM, "-c", str(tmp_path / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        wait_for(lambda: _listens(port), "mosquitto listens")
        yield "127.0.0.1", port
    finally:
        child.stop()


def test_every_record_arrives_over_another_broker(broker: tuple[str, int], tmp_path: Path) -> None:
    host, port = broker
    records, journal = records_of(a_seed(), 500), JournalInMemory()
    with (
        authority(port, tmp_path / "a.db", host=host),
        delivering(settings(host=host, port=port), journal) as destination,
    ):
        for at in range(0, 500, 100):
            journal.append(records[at : at + 100])
        delivered(destination, journal)
    assert account(tmp_path / "a.db", records).redelivered == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
