"""Capacity verifications a second and how long the slowest take, over a fleet of 10,000; through the API
too; driver codes verified a second with each provider of SM2.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx

from edge_gateway.api.app import Services, create_app
from edge_gateway.tokens import Tokens
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour, Content, Holder
from protocols.driver_code.trust import IssuerKey, Revocations, Verifier, key_id_of
from protocols.freight.capacity import Answer, Cargo, Question, verify
from protocols.freight.registers import Driver, Snapshot, Vehicle, vehicle_key
from protocols.freight.snapshot import open_snapshot, seal
from protocols.guomi import Guomi, available
from tests.freight import fleet
from tests.gateway.freight.house import House

from .figures import Figure

FLEET: Final = 10_000
QUESTIONS: Final = 20_000
REQUESTS: Final = 400
PLATE: Final = "云A{:05d}"
IDENTITY: Final = "530102{:012d}"
P95: Final = 95


def figures() -> list[Figure]:
    """The rows."""
    snapshot = _fleet()
    began = time.perf_counter()
    sealed = seal(snapshot, fleet.SIGNER)
    sealing_s = time.perf_counter() - began
    began = time.perf_counter()
    opened = open_snapshot(sealed, fleet.TRUST)
    opening_s = time.perf_counter() - began
    rows = [
        Figure("capacity", "seal the registers", sealing_s * 1000, "ms", note=f"{FLEET} vehicles, drivers"),
        Figure("capacity", "open and check them", opening_s * 1000, "ms", note=f"{len(sealed)} bytes"),
    ]
    rows += _verifications("in memory", _asked(opened), QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        rows += asyncio.run(_over_api(Path(folder), opened))
    for name, make in available().items():
        verified = _codes(make)
        rows.append(Figure("capacity", f"driver codes verified, {name}", verified, "/s"))
    return rows


def _fleet() -> Snapshot:
    company, vehicle, driver = fleet.company(), fleet.vehicle(), fleet.driver()
    return fleet.snapshot(
        companies=(company,),
        vehicles=tuple(_vehicle(vehicle, number) for number in range(FLEET)),
        drivers=tuple(_driver(driver, number) for number in range(FLEET)),
    )


def _vehicle(vehicle: Vehicle, number: int) -> Vehicle:
    plate = PLATE.format(number)
    papers = tuple(replace(each, plate=plate, number=f"{each.number}-{number}") for each in vehicle.papers)
    return replace(vehicle, plate=plate, terminal=str(number + 1), papers=papers)


def _driver(driver: Driver, number: int) -> Driver:
    identity = IDENTITY.format(number)
    papers = tuple(
        replace(each, holder_id=identity, number=f"{each.number}-{number}") for each in driver.papers
    )
    return replace(driver, identity=identity, holder=number.to_bytes(16, "big"), papers=papers)


def _question(number: int) -> Question:
    at = number * 7919 % FLEET
    return Question(
        vehicle_key(PLATE.format(at), fleet.COLOUR), IDENTITY.format(at), "", Cargo("0100", 17_000)
    )


def _asked(snapshot: Snapshot) -> Callable[[int], None]:
    def ask(number: int) -> None:
        assert verify(snapshot, _question(number), fleet.NOON).answer is Answer.YES

    return ask


def _verifications(how: str, ask: Callable[[int], None], count: int) -> list[Figure]:
    taken = []
    for number in range(count):
        began = time.perf_counter()
        ask(number)
        taken.append(time.perf_counter() - began)
    return _rows(how, taken)


def _rows(how: str, taken_s: list[float]) -> list[Figure]:
    p95_ms = statistics.quantiles(taken_s, n=100)[P95 - 1] * 1000
    return [
        Figure("capacity", f"verifications {how}", 1 / statistics.mean(taken_s), "/s"),
        Figure("capacity", f"verifications {how}, p95", p95_ms, "ms", note="5 ms is the goal"),
    ]


async def _over_api(folder: Path, snapshot: Snapshot) -> list[Figure]:
    """One after the other, over the application without a socket: routing, token, JSON, evidence queue."""
    house = House(folder)
    house.know(snapshot)
    with ExitStack() as stack:
        stack.callback(house.book.close)
        tokens = Tokens(folder / "commands.db")
        token = tokens.create("bench", ["freight:read"], None)
        services = object.__new__(Services)
        services.tokens, services.freight = tokens, house.desk
        services.body_max_bytes = 1 << 20
        transport = httpx.ASGITransport(create_app(services))
        head = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=head) as client:
            taken = [await _request(client, number) for number in range(REQUESTS)]
        house.desk.write_verdicts()
    return _rows("through the API", taken)


async def _request(client: httpx.AsyncClient, number: int) -> float:
    question = _question(number)
    asked = {"vehicle": question.vehicle, "driver": question.driver, "cargo": "0100", "weight_kg": 17_000}
    began = time.perf_counter()
    answer = await client.post("/api/v1/capacity", json=asked)
    taken = time.perf_counter() - began
    assert answer.json()["answer"] == "yes", answer.text
    return taken


def _codes(make: Callable[[], Guomi]) -> float:
    """Whole verifications of signed codes a second."""
    guomi = make()
    private, public = guomi.sm2_new_key()
    key = IssuerKey(key_id_of(public), public, 0, 2**40)
    codec = StandIn(guomi)
    content = Content(
        Holder.DRIVER, fleet.HOLDER, "张**", fleet.PLATE, 2, ("A2",), Colour.BLUE, fleet.NOON - 60,
        fleet.NOON + 86400, key.key_id,
    )  # fmt: skip
    text = codec.sign(content, private)
    verifier = Verifier(guomi, codec, [key], Revocations(fleet.NOON))
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < 1.0:
        assert verifier.verify(text, fleet.NOON).accepted
        calls += 1
    return calls / (time.perf_counter() - began)
