"""One freight service over several workers: their journals, their terminals, their deaths, their number. The
destination gives no receipts here: a document is settled by the broker's PUBACK."""

import contextlib
import json
import os
import signal
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from edge_gateway.workers import owner_of
from protocols.driver_code import push
from protocols.freight.documents import Kind
from protocols.wire.bcd import digits_to_bcd
from tests.gateway.support import wait_for
from tests.gateway.test_cli import Process
from tests.gateway.test_server import Truck

from .house import PRESENCE_KEY
from .test_outbox import waybill
from .test_process import Road, hear, load, position

pytestmark = pytest.mark.slow  # a broker and processes
WORKERS = 2


def phone_of(owner: int) -> str:
    """A terminal of this worker."""
    return next(str(each) for each in range(13_900_000_000, 2**40) if owner_of(str(each), WORKERS) == owner)


def truck_of(port: int, phone: str, code: bytes = b"") -> Truck:
    truck = Truck(port)
    truck.phone = digits_to_bcd(phone, 6)
    return truck.log_in(code)


def workers(road: Road) -> list[dict[str, int]]:
    """As the supervisor told last."""
    found = json.loads((road.config.parent / "status.json").read_text()).get("workers", [])
    return list(found)


def set_workers(road: Road, count: int) -> None:
    text = road.config.read_text()
    head, _, rest = text.partition("[server]\n")
    rest = rest.partition("[mqtt]")[2]
    lines = f'port = 0\nworkers = {count}\nstatus_file = "status.json"\nstatus_interval_s = 0.1\n'
    rest = rest if "puback" in rest else '\nconfirm = "puback"' + rest
    road.config.write_text(f"{head}[server]\n{lines}[mqtt]{rest}")


def states(api: httpx.Client) -> list[str]:
    return [api.get(f"/waybills/W{owner}/0000").json().get("state", "") for owner in range(WORKERS)]


def restarted(road: Road) -> tuple[Process, httpx.Client]:
    """After a kill of the supervisor: its workers end by themselves, and hold their folders until then."""
    end_s = time.monotonic() + 20
    while True:
        try:
            return road.start()
        except AssertionError:
            assert time.monotonic() < end_s, (road.config.parent / "log").read_text()[-2000:]


@pytest.fixture
def road(tmp_path: Path):
    with contextlib.ExitStack() as stack:
        made = Road(tmp_path, stack)
        made.config.write_text(made.config.read_text() + "[metrics]\nenabled = true\nport = 0\n")
        set_workers(made, WORKERS)
        yield made


def test_two_workers_one_freight_whoever_is_killed(road: Road, tmp_path: Path) -> None:
    """Keys wait for terminals that nobody knows yet; a worker dies, the supervisor dies, and the house comes
    back with one process: every event of two trips is there once, and every position."""
    process, api = road.start()
    phones = [phone_of(owner) for owner in range(WORKERS)]
    for owner, phone in enumerate(phones):
        road.peer.push(f"k{owner}", push.key_push(datetime.now(UTC), 1, 7 + owner, PRESENCE_KEY), phone)
    wait_for(lambda: api.get("/freight").json()["codes_waiting"] == WORKERS, "keys that wait")
    trucks = [truck_of(process.port, phone) for phone in phones]
    for owner, truck in enumerate(trucks):
        said = push.parse(hear(truck, 0x8900)[1:])
        assert (said["kind"], said["key"]) == (push.Kind.KEY, 7 + owner)
        truck.send(0x0701, load(f"W{owner}", True), 10)
        truck.send(0x0200, position(), 11)
    wait_for(lambda: states(api) == ["under_way"] * WORKERS, "both under way")

    handed_in = {"kind": Kind.WAYBILL.value, "document": waybill("W9")}
    reference = api.post("/documents", json=handed_in).json()["reference"]
    wait_for(lambda: api.get(f"/documents/{reference}").json()["state"] == "taken", "the broker's word")

    told = httpx.get(f"http://127.0.0.1:{process.ready['metrics_port']}/metrics", timeout=30).text
    assert "edge_gateway_freight_codes_waiting 0.0" in told

    victim = workers(road)[0]
    os.kill(victim["pid"], signal.SIGKILL)
    trucks[1].send(0x0701, load("W1", False), 12)
    wait_for(lambda: states(api)[1] == "unloaded", "the other worker's truck goes on")
    wait_for(lambda: workers(road)[0]["starts"] > 1 and workers(road)[0]["up"], "the successor")
    trucks[0] = truck_of(process.port, phones[0], trucks[0].code)
    trucks[0].send(0x0701, load("W0", False), 12)
    assert trucks[0].hear().brief == (0x0701, 12, 0)  # durable, and maybe not taken into freight yet
    process.end(signal.SIGKILL)
    set_workers(road, 1)
    process, api = restarted(road)
    wait_for(lambda: states(api) == ["unloaded"] * WORKERS, "what the old journals still held")
    for owner in range(WORKERS):
        life = api.get(f"/waybills/W{owner}/0000").json()["events"]
        assert [each["event"] for each in life if each["event"] != "gate"] == ["load", "move", "unload"]
    assert process.end() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "freight.db")) as book:
        assert book.execute("SELECT count(*), count(DISTINCT waybill) FROM position").fetchone() == (2, 2)
