"""Gateway and authority as processes under the guomi envelope, both killed in between: all once, unread."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_gateway.cli import app
from simulator.authority.store import Store
from simulator.authority_process import HouseProcess
from simulator.broker import Broker
from simulator.gateway_process import GatewayProcess
from tests.freight.planted import PHONE, driver_body, found_in
from tests.freight.tap import Tap
from tests.gateway.support import DEADLINE_S, body_of
from tests.gateway.test_server import Truck

pytestmark = pytest.mark.slow

GATEWAY = "edge-1"
PHONE_BYTES = bytes.fromhex("0" + PHONE)


def make_keys(folder: Path) -> None:
    """As two operators do it, by command."""
    run = CliRunner()
    for owner in (GATEWAY, "authority"):
        keys = str(folder / f"{owner}.keys")
        assert run.invoke(app, ["keys", "new", keys, "--owner", owner]).exit_code == 0
        assert run.invoke(app, ["keys", "public", keys, str(folder / f"{owner}.public")]).exit_code == 0


def stored(authority: HouseProcess) -> int:
    """Records at the authority."""
    if not authority.positions.exists():
        return 0
    with Store(authority.positions, read_only=True) as store:
        return store.counts().received


def wait_for(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    """Polls until the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def drive(gateway: GatewayProcess, first: int, last: int) -> None:
    """Positions, acknowledged one by one, and a driver's card."""
    truck = Truck(gateway.port)
    truck.phone = PHONE_BYTES
    truck.log_in()
    for number in range(first, last):
        truck.send(0x0200, body_of(number), number)
        assert truck.hear().result == 0
    truck.send(0x0702, driver_body(), last)
    assert truck.hear().result == 0
    truck.close()


def test_two_killed_processes_lose_nothing_and_show_nothing(tmp_path: Path) -> None:
    make_keys(tmp_path)
    guard = [
        "--envelope",
        "guomi",
        "--keys",
        tmp_path / "authority.keys",
        "--peers",
        tmp_path / f"{GATEWAY}.public",
    ]
    with Broker(tmp_path / "broker") as broker, Tap(broker.host, broker.port) as tap:
        authority = HouseProcess(tmp_path, tap.port, tuple(map(str, guard)))
        keys = {"envelope": "guomi", "envelope_keys": f"{tmp_path / GATEWAY}.keys",
                "envelope_peers": str(tmp_path / "authority.public"), "receipt_timeout_s": 0.5}  # fmt: skip
        sections = {"gateway": {"id": GATEWAY}, "mqtt": keys}
        gateway = GatewayProcess(tmp_path, tap.port, sections=sections)
        try:
            authority.start()
            gateway.start()
            drive(gateway, 1, 20)
            wait_for(lambda: stored(authority) == 20, lambda: authority.log_file.read_text()[-2000:])
            authority.kill()
            drive(gateway, 20, 40)
            gateway.kill()
            authority.start()
            gateway.start()
            drive(gateway, 40, 60)
            wait_for(lambda: stored(authority) == 62, lambda: authority.log_file.read_text()[-2000:])
        finally:
            gateway.stop()
            authority.stop()
        captured = tap.captured()
    with Store(authority.positions, read_only=True) as store:
        assert (store.counts().received, store.counts().duplicated) == (62, 0)
    assert f"gov/v1/pos/{GATEWAY}".encode() in captured
    assert not found_in(captured)
