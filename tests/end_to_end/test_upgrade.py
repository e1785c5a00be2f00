"""Firmware from the fleet company's API to a real terminal: taken, started, proved; a bad one rolled back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from firmware.package_upgrade import package
from simulator.broker import free_port
from simulator.day.orders import token_of
from simulator.desk.desk import Desk
from simulator.gateway_process import GatewayProcess

from ..firmware.upgrade.test_desk_upgrade import FAULTY, HEAP, KEY, VERSION, image

pytestmark = pytest.mark.slow

PHONE = "13800138000"
PATIENCE_S = 60
LOOK_S = 0.05
UPGRADE = {"upgraded": "terminal", "maker": "DYEDG"}


@pytest.fixture
def gateway(tmp_path):
    sections = {"mqtt": {"enabled": False}, "api": {"enabled": True, "port": free_port()}}
    with GatewayProcess(tmp_path / "gateway", 1, sections=sections) as process:
        process.api = sections["api"]["port"]
        yield process


@pytest.fixture
def api(gateway):
    token = token_of(gateway.config_file, ("commands:read", "commands:write"))
    with httpx.Client(
        base_url=f"http://127.0.0.1:{gateway.api}/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE_S,
    ) as client:
        yield client


def rolled_out(api, files, version):
    """Uploads a package and rolls it out to the terminal; the roll-out when it is over."""
    stored = api.post("/files", content=package(files, KEY, version, "unix")).json()
    not_after = datetime.now(UTC) + timedelta(hours=1)
    asked = {"terminals": [PHONE], "body": {**UPGRADE, "version": version}, "file": stored["sha256"]}
    made = api.post("/rollouts", json={**asked, "rings": [1], "not_after": not_after.isoformat()})
    assert made.status_code == 201, made.text
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        shown = api.get(f"/rollouts/{made.json()['id']}").json()
        if shown["state"] != "running":
            return shown
        time.sleep(LOOK_S)
    raise AssertionError(shown)


def firmware_of(api):
    """What the terminal says that it runs (0x8107)."""
    asked = {"terminal": PHONE, "message": 0x8107}
    shown = api.post("/commands", json=asked, params={"wait_s": 20}).json()
    return shown["answer"]["body"]["firmware_version"]


def test_firmware_goes_from_the_api_to_the_terminal_and_back_again(tmp_path, gateway, api):
    desk = Desk(
        tmp_path / "desk", [(gateway.host, gateway.port)], PHONE,
        edition=2019, reconnect_s=1, ota_key=KEY.hex(), trial_s=10, watchdog_s=5, heap=HEAP,
    )  # fmt: skip
    try:
        desk.start()
        assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
        assert firmware_of(api) == "0.1.0"
        shown = rolled_out(api, image(tmp_path, page_settings=VERSION), "0.2.0")
        assert shown["state"] == "finished" and shown["well"] == 1, (shown, desk.errors)
        assert firmware_of(api) == "0.2.0" and desk.restarts == ["reset"]
        (changes, _, _) = FAULTY["crash"]
        shown = rolled_out(api, image(tmp_path, **changes), "0.3.0")
        assert list(shown["failed"]) == [PHONE], (shown, desk.errors)
        assert firmware_of(api) == "0.2.0" and len(desk.restarts) == 2 + 5
    finally:
        desk.stop()
