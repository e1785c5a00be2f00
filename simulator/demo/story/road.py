"""The road with everything of freight: the whole authority, and a gateway that verifies, orders and reports.

Makes accounts, keys, trust and token as an operator would, before anything runs. The line between the two is
sealed with the national algorithms: names and phones travel on it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from protocols.driver_code.lists import write_trust

from ...authority.books.accounts import AccountKind
from ...authority.desk import Desk
from ...authority_process import HouseProcess
from ...broker import free_port
from ...fleet.scenario import TruckPlan
from ...freight.keys import AUTHORITY, write_keys
from ...freight.registration import register
from ...freight.world import World
from ...gateway_process import GatewayProcess, Sections
from ...http_api import Api
from ..road import FAST_DELIVERY, Road
from .world import Today, enter, today

GATEWAY: Final = "demo-gateway"
ENVELOPE: Final = "guomi"
SCOPES: Final = "freight:read,freight:write,commands:write"


class FreightRoad(Road):
    """`start`, then `desk`, `driver` and `platform` are the authority's API for a company, its driver and the
    authority's own desks, and `office` is the gateway's; `one` is the truck of today."""

    def __init__(self, folder: Path, world: World, plan: TruckPlan) -> None:
        super().__init__(folder)
        self._world = world
        self._plan = plan
        self._keys = (folder / "keys").resolve()
        self._house: HouseProcess
        self.one: Today
        self.desk: Api
        self.driver: Api
        self.platform: Api
        self.office: Api

    @property
    def house(self) -> HouseProcess:
        """The authority with all its files."""
        return self._house

    def start(self) -> None:
        """Books and keys first, then broker, authority, gateway."""
        secrets = self._write_books()
        write_keys(self._keys, ENVELOPE, (GATEWAY, AUTHORITY))
        super().start()
        token = self.gateway.token("demo", SCOPES)
        base = f"http://127.0.0.1:{self._house.port}/v1"
        self.desk = Api(base, login=("operator", secrets["operator"]))
        self.driver = Api(base, login=("driver", secrets["driver"]))
        self.platform = Api(base, login=("desk", secrets["desk"]))
        self.office = Api(f"http://127.0.0.1:{self._api_port}/api/v1", token=token)

    def make_authority(self) -> HouseProcess:
        """The whole house. Made when the broker has its port."""
        options = ("--presence-keys", "--envelope", ENVELOPE, "--keys", str(self._keys / "authority.keys"))
        peers = ("--peers", str(self._keys / f"{GATEWAY}.public"))
        self._house = HouseProcess(self.folder / "authority", self.broker.port, (*options, *peers))
        return self._house

    def make_gateway(self) -> GatewayProcess:
        """With freight, its API, and a login at the authority."""
        self._api_port = free_port()
        return GatewayProcess(self.folder / "gateway", self.broker.port, sections=self._gateway_sections())

    def _write_books(self) -> dict[str, str]:
        """Registers, accounts, trust; the secrets of the accounts by name."""
        now_s, (code,) = int(time.time()), self._world.registers.enterprises
        desk = Desk(self.folder / "authority" / "data")
        try:
            register(desk.bureau.registry, self._world, {code: GATEWAY}, now_s)
            one = today(self._world, self._plan.phone, self._plan.plate, self._plan.plate_colour)
            self.one = enter(desk.bureau.registry, one, GATEWAY, now_s)
            secrets = {
                "operator": desk.accounts.add(
                    "operator", AccountKind.COMPANY, owner=one.vehicle.carrier.carrier_id
                ),
                "driver": desk.accounts.add("driver", AccountKind.DRIVER, owner=self.one.driver.identity),
                "desk": desk.accounts.add("desk", AccountKind.PLATFORM),
                "gateway": desk.accounts.add(
                    "gateway", AccountKind.PLATFORM, ("registers:read", "codes:verify")
                ),
            }
            folder = self.folder / "gateway"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "trust.json").write_bytes(write_trust(desk.keys.trusted()))
        finally:
            desk.close()
        secret = folder / "authority.secret"
        secret.touch(mode=0o600)
        secret.write_text(secrets["gateway"], encoding="ascii")
        return secrets

    def _gateway_sections(self) -> Sections:
        return {
            **FAST_DELIVERY,
            "gateway": {"id": GATEWAY},
            "mqtt": {
                **FAST_DELIVERY["mqtt"],
                "envelope": ENVELOPE,
                "envelope_keys": str(self._keys / f"{GATEWAY}.keys"),
                "envelope_peers": str(self._keys / "authority.public"),
            },
            "api": {"enabled": True, "port": self._api_port},
            "freight": {
                "enabled": True,
                "trust_file": "trust.json",
                "authority_url": f"http://127.0.0.1:{self._house.port}",
                "authority_account": "gateway",
                "authority_secret_file": "authority.secret",
                "refresh_s": 2,
                "gate": [
                    "dispatch",
                    "loading",
                ],  # not "card": the other trucks are in no register
                "location_interval_s": 1,
                "location_delay_s": 1,
                "anchor_interval_s": 2,
                "receipt_timeout_s": 3,
            },
        }
