"""The indicators of what travelled truck → gateway → MQTT → authority equal the simulator's truth.

In `pilot` each operator has a gateway of its own, hands its documents to that gateway's API, and its
vehicles' terminals report to it. In `province` and `dirty` the vehicles report to one gateway and the
operators' own software sends the documents by the same contract over MQTT: many operators, some of whom
do not check what they send, which a gateway of ours would never let go.
"""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols.monitoring.documents import decode_document_receipt, encode_upload
from protocols.monitoring.topics import DEFAULT_PREFIX, document_receipts_topic, documents_topic
from simulator.authority.books import Book
from simulator.authority.indicators import Report
from simulator.authority.indicators.anomalies import Anomaly
from simulator.authority.reporting import report_of
from simulator.authority.store import Store
from simulator.authority_process import HouseProcess
from simulator.broker import Broker, free_port
from simulator.freight import SCENARIOS, World, build
from simulator.freight.casting import Size
from simulator.freight.places import KUNMING
from simulator.freight.plants import MOVES
from simulator.freight.scenarios import Scenario
from simulator.freight.travelling import travel
from simulator.gateway_process import GatewayProcess
from tests.authority.freight import entered, messages, recent

ARRIVED_S = 120.0  # for a machine that does much else


class Site:
    """A broker and a whole authority that knows the world; gateways as the test asks for them."""

    def __init__(
        self, folder: Path, world: World, gateway_of: Mapping[str, str], stack: contextlib.ExitStack
    ):
        self.folder, self.world, self._stack = folder, world, stack
        self.broker = stack.enter_context(Broker(folder / "broker"))
        self.house = HouseProcess(folder / "authority", self.broker.port)
        entered(self.house.data, world, int(time.time()), gateway_of).close()
        self.house.start()
        stack.callback(self.house.stop)

    def gateway(self, name: str) -> GatewayProcess:
        """One that runs until the test ends, with freight and the API."""
        sections = {
            "gateway": {"id": name},
            "freight": {"enabled": True},
            "api": {"enabled": True, "port": free_port()},
            "log": {"level": "info"},
        }
        process = GatewayProcess(self.folder / name, self.broker.port, sections=sections)
        process.start()
        self._stack.callback(process.stop)
        process.api_port = sections["api"]["port"]
        return process

    def arrived(self, documents: int, positions: int) -> None:
        """Returns when the authority has all of it; fails after a while with what it has."""
        end = time.monotonic() + ARRIVED_S
        while (found := self.counts()) != (documents, positions):
            assert time.monotonic() < end, f"{found} of {(documents, positions)} arrived"
            time.sleep(0.05)

    def counts(self) -> tuple[int, int]:
        """(documents, positions) that the authority has."""
        try:
            with Book(self.house.books, read_only=True) as book, Store(self.house.positions, True) as store:
                return int(book.rows("SELECT count(*) FROM document")[0][0]), store.counts().received
        except sqlite3.OperationalError:  # the file is being made
            return 0, 0

    def report(self) -> Report:
        """What the authority computes."""
        return report_of(self.house.books, self.house.positions, self.world.period)


@contextlib.contextmanager
def site(folder: Path, world: World, gateway_of: Mapping[str, str]) -> Iterator[Site]:
    """A site that ends with its block."""
    with contextlib.ExitStack() as stack:
        yield Site(folder, world, gateway_of, stack)


def a_world(scenario: Scenario) -> World:
    seed = random.SystemRandom().getrandbits(16)
    print(f"seed {seed}")
    return build(scenario, seed, period=recent(int(time.time())))


def hand_in(gateway: GatewayProcess, world: World, code: str) -> int:
    """Gives the operator's documents to its gateway, in order; how many."""
    made = subprocess.run(
        [sys.executable, "-m", "edge_gateway.cli", "token", "create", str(gateway.config_file), "office",
         "--scope=freight:write"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    token = made.stdout.strip().splitlines()[-1]
    own = [upload for upload in world.uploads if upload.enterprise == code]
    address = f"http://127.0.0.1:{gateway.api_port}/api/v1"
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        for upload in own:
            answer = client.post("/documents", json={"kind": upload.kind.value, "document": upload.document})
            assert answer.status_code == 201, answer.text
            assert answer.json()["state"] == "waiting", answer.text
    return len(own)


def send_over_mqtt(site: Site, gateway: str) -> int:
    """The operators' own software: each message is sent again until every document has its receipt."""
    waiting = {message.message: message for message in messages(site.world, gateway)}
    total, answered = sum(len(each.documents) for each in waiting.values()), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=gateway)

    def on_message(_client, _data, message) -> None:
        receipt = decode_document_receipt(message.payload)
        assert len(receipt.results) == len(waiting.pop(receipt.message).documents)
        if not waiting:
            answered.set()

    def on_connect(*_) -> None:
        client.subscribe(document_receipts_topic(DEFAULT_PREFIX, gateway), qos=1)

    def on_subscribe(*_) -> None:
        for message in list(waiting.values()):
            client.publish(documents_topic(DEFAULT_PREFIX, gateway), encode_upload(message), qos=1)

    client.on_message, client.on_connect, client.on_subscribe = on_message, on_connect, on_subscribe
    client.connect("127.0.0.1", site.broker.port)
    client.loop_start()
    assert answered.wait(ARRIVED_S), f"{len(waiting)} messages are not answered"
    client.disconnect()
    client.loop_stop()
    return total


def holds(report: Report, world: World) -> None:
    """Values, offenders by name, and the anomalies of network access are those of the truth."""
    found = {each.id: (each.numerator, each.denominator) for each in report.indicators.values()}
    assert found == world.truth.fractions()
    for indicator in report.indicators.values():
        assert {label for label, _ in indicator.offenders} == world.truth.spoilt[indicator.id], indicator.id
    network = {each.subject for each in report.anomalies() if each.kind is Anomaly.NETWORK}
    assert network == world.truth.network


def fleet_of(world: World, code: str) -> list[str]:
    """Keys of the vehicles that drive for this operator."""
    return [each.key for each in world.cast.vehicles if each.carrier.company.code == code]


SMALL = Scenario("small", KUNMING, Size(companies=1, vehicles=7, trips=2), {"overload": 1, "false_track": 1})


@pytest.mark.slow
def test_one_operator(tmp_path: Path) -> None:
    world = a_world(SMALL)
    holds(through_own_gateways(tmp_path, world), world)


@pytest.mark.soak
def test_pilot_through_a_gateway_of_each_operator(tmp_path: Path) -> None:
    world = a_world(SCENARIOS["pilot"])
    holds(through_own_gateways(tmp_path, world), world)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["province", "dirty"])
def test_many_operators(tmp_path: Path, name: str) -> None:
    world = a_world(SCENARIOS[name])
    holds(through_one_gateway(tmp_path, world), world)


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["overload", "track_gap", "wrong_code", "silent_terminal", "duplicate"])
def test_one_fault_moves_what_it_should_and_nothing_else(tmp_path: Path, fault: str) -> None:
    """The same seed without and with the fault: everything else travels the same way."""
    period, seed = recent(int(time.time())), random.SystemRandom().getrandbits(16)
    print(f"seed {seed}")
    worlds = [build(SCENARIOS["pilot"], seed, faults, period) for faults in ({}, {fault: 1})]
    clean, spoilt = (
        values(through_one_gateway(tmp_path / str(number), world)) for number, world in enumerate(worlds)
    )
    assert {name for name in clean if clean[name] != spoilt[name]} == MOVES[fault]


def through_own_gateways(folder: Path, world: World) -> Report:
    gateway_of = {code: f"op-{code}" for code in world.registers.enterprises}
    with site(folder, world, gateway_of) as place:

        def operator(code: str) -> tuple[int, int]:
            gateway = place.gateway(gateway_of[code])
            acknowledged = asyncio.run(travel(world, gateway.host, gateway.port, fleet_of(world, code)))
            return hand_in(gateway, world, code), acknowledged

        with ThreadPoolExecutor() as pool:
            handed = list(pool.map(operator, gateway_of))
        documents, positions = (sum(each) for each in zip(*handed, strict=True))
        assert positions == sum(len(points) for points in world.positions.values())
        place.arrived(documents, positions)
        return place.report()


def through_one_gateway(folder: Path, world: World) -> Report:
    with site(folder, world, dict.fromkeys(world.registers.enterprises, "operators")) as place:
        gateway = place.gateway("trucks")
        positions = asyncio.run(travel(world, gateway.host, gateway.port))
        place.arrived(send_over_mqtt(place, "operators"), positions)
        return place.report()


def values(report: Report) -> dict[str, float | None]:
    return {
        each.id: each.numerator / each.denominator if each.denominator else None
        for each in report.indicators.values()
    }
