"""What people and programs see: routes with their scopes, the command line, figures, keys of the
configuration."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.core import Metric
from typer.testing import CliRunner

from edge_gateway import cli, config_file
from edge_gateway.api.app import Services, create_app
from edge_gateway.config import ConfigError
from edge_gateway.freight import cursor_names
from edge_gateway.freight.desk import FreightDesk
from edge_gateway.freight.orders import Order
from edge_gateway.metrics import freight as figures
from edge_gateway.tokens import Tokens
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour, Content, Holder
from protocols.driver_code.lists import write_presence, write_revocations, write_trust
from protocols.driver_code.trust import Revocations
from protocols.evidence import verify_bundle
from protocols.freight.documents import Kind
from tests.freight import fleet

from .house import PRESENCE_KEY, REFERENCE, House, funds, order, whole_order

ASKED = {
    "vehicle": f"{fleet.PLATE}/{fleet.COLOUR}",
    "driver": fleet.IDENTITY,
    "cargo": "0400",
    "weight_kg": 18_000,
}
JSON = {"Content-Type": "application/json"}
RUNNER = CliRunner()


def ask_api(
    folder: Path,
    desk: FreightDesk | None,
    scopes: list[str],
    work: Callable[[httpx.AsyncClient], Awaitable[None]],
) -> None:
    """Runs `work` with a client of a token of these scopes."""
    tokens = Tokens(folder / "commands.db")
    services: Any = object.__new__(Services)
    services.tokens, services.freight, services.body_max_bytes = tokens, desk, 1 << 20
    head = {"Authorization": f"Bearer {tokens.create('tester', scopes)}"}
    transport = httpx.ASGITransport(create_app(services))

    async def run() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://g/api/v1", headers=head) as client:
            await work(client)

    asyncio.run(run())
    tokens.close()


def test_the_routes_over_the_real_desk(house: House, tmp_path: Path) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.post("/capacity", json=ASKED)).json() == {
            "answer": "yes",
            "snapshot": 1,
            "reasons": [],
        }
        wrong = await client.post("/capacity", json=ASKED | {"vehicle": "云A12345"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "vehicle")
        text = house.shown(house.code())
        seen = (await client.post("/codes/verify", json={"text": text})).json()
        assert (seen["accepted"], seen["presence"], seen["name"]) == (True, "present", "张**")
        bad = await client.post("/dispatch", json={"text": text, "order": {"document": order(carrier="")}})
        assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "order.carrier")
        made = await client.post("/dispatch", json={"text": text, "order": {"document": order()}})
        assert (made.status_code, made.json()["state"]) == (201, "dispatched")
        assert fleet.IDENTITY not in made.text
        other = await client.post(
            "/waybills", json={"document": whole_order("YD2"), "enterprise": "5301020000"}
        )
        assert (other.status_code, other.json()["enterprise"]) == (201, "5301020000")
        listed = (await client.get("/waybills", params={"limit": 1})).json()
        assert ([each["number"] for each in listed["items"]], listed["next_before"]) == (["YD2"], 2)
        assert (await client.post("/waybills/YD2/0000/cancel")).json()["state"] == "cancelled"
        again = await client.post("/waybills/YD2/0000/cancel")
        assert again.status_code == 409
        held = await client.post("/waybills/YD2/0000/override", json={"reason": "x"})
        assert held.status_code == 409
        paper = await client.post("/documents", json={"kind": Kind.FUNDS.value, "document": funds()})
        assert (paper.status_code, paper.json()["state"]) == (201, "waiting")
        whole = (await client.get(f"/documents/{paper.json()['reference']}")).json()
        assert whole["document"]["documentNumber"] == "ZJ-1"
        seen = whole["document"]["financiallist"][0]
        assert (seen["recipient"], seen["receiptAccount"]) == ("张*", "************2222")
        assert (await client.get(f"/documents/{whole['reference']}?unmasked=true")).status_code == 422
        half = {"document": whole_order("YD3"), "dangerous": True, "route_sheet": {"a": "\ud800"}}
        told = await client.post("/waybills", content=json.dumps(half), headers=JSON)
        assert (told.status_code, "Unicode" in told.text) == (422, True)
        assert (await client.get("/documents/none")).status_code == 404
        assert (await client.get("/documents", params={"state": "odd"})).status_code == 422
        hours = {"driver": fleet.IDENTITY, "from_s": 0, "until_s": 0}
        assert (await client.post("/drivers/hours", json=hours)).status_code == 422
        assert (await client.get("/freight")).json()["documents"]["waiting"] == 1
        bundle = (await client.get("/waybills/YD2026031001/0000/evidence")).content
        assert verify_bundle(bundle).holds

    ask_api(tmp_path, house.desk, ["freight:read", "freight:write"], work)


def test_who_may_only_read_dispatches_nothing(house: House, tmp_path: Path) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        for path in ("/dispatch", "/waybills", "/documents", "/waybills/A/0000/override"):
            assert (await client.post(path, json={})).status_code == 403, path
        assert (await client.get("/waybills/A/0000/evidence")).status_code == 403
        assert (await client.post("/capacity", json=ASKED)).status_code == 200

    ask_api(tmp_path, house.desk, ["freight:read"], work)


def test_where_freight_is_off_its_routes_say_so(tmp_path: Path) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/capacity", json=ASKED)
        assert (answer.status_code, "freight.enabled" in answer.text) == (404, True)

    ask_api(tmp_path, None, ["freight:read"], work)


def test_the_figures_of_freight(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), _order(), "api")
    stats = house.desk.stats() | {"line": {"connected": True}}
    found: dict[str, Metric] = {each.name: each for each in figures.families(stats)}
    gate = found["edge_gateway_freight_gate_decisions"].samples
    assert [(each.labels, each.value) for each in gate] == [({"outcome": "passed"}, 1)]
    assert found["edge_gateway_freight_errands"].samples[0].value == 1
    assert found["edge_gateway_freight_registers_valid_until_seconds"].samples[0].value == fleet.NOON + 86400


def _order() -> Order:
    from edge_gateway.freight.orders import Order

    return Order(order())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gateway's file whose freight knows the fleet."""
    (tmp_path / "trust.json").write_bytes(write_trust([fleet.KEY]))
    path = tmp_path / "gateway.toml"
    path.write_text('[freight]\nenabled = true\ntrust_file = "trust.json"\n')
    return path


def files(folder: Path) -> list[str]:
    """The lists that `code verify` takes."""
    (folder / "trust.json").write_bytes(write_trust([fleet.KEY]))
    (folder / "revoked.json").write_bytes(write_revocations(Revocations(int(time.time()))))
    (folder / "presence.json").write_bytes(write_presence({REFERENCE: PRESENCE_KEY}))
    return [f"--{name}={folder / name}.json" for name in ("trust", "presence")] + [
        f"--revocations={folder / 'revoked.json'}"
    ]


def test_a_code_is_verified_on_the_command_line(house: House, tmp_path: Path) -> None:
    house.now_s = int(time.time())
    code = _lasting_code()
    text = house.shown(code)
    done = RUNNER.invoke(cli.app, ["code", "verify", text, *files(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    shown = json.loads(done.output)
    assert (shown["state"], shown["presence"]) == ("valid", "present")
    forged = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert RUNNER.invoke(cli.app, ["code", "verify", forged, *files(tmp_path)]).exit_code == 1
    missing = RUNNER.invoke(cli.app, ["code", "verify", str(tmp_path / "no.png"), *files(tmp_path)])
    assert (missing.exit_code, "no.png" in missing.output) == (1, True)
    assert RUNNER.invoke(cli.app, ["code", "verify", code]).exit_code == 2


def _lasting_code() -> str:

    now_s = int(time.time())
    content = Content(
        Holder.DRIVER, fleet.HOLDER, "张**", fleet.PLATE, 2, ("A2",), Colour.BLUE, now_s - 9, now_s + 999,
        fleet.KEY.key_id,
    )  # fmt: skip
    return StandIn(fleet.GUOMI).sign(content, fleet.PRIVATE)


def test_capacity_and_evidence_on_the_command_line(config: Path) -> None:
    asked = ["--vehicle", ASKED["vehicle"], "--driver", fleet.IDENTITY, "--cargo", "0400"]
    early = RUNNER.invoke(cli.app, ["capacity", str(config), *asked])
    assert (early.exit_code, "freight.db" in early.output) == (1, True)
    folder = Path(config_file.load(config).gateway.data_dir)
    folder.mkdir(parents=True)
    house = House(folder)
    house.know()
    house.desk.dispatch((house.shown(house.code()), ""), _order(), "api")
    house.book.close()
    found = RUNNER.invoke(cli.app, ["capacity", str(config), *asked])
    assert json.loads(found.output)["answer"] == "unverified"  # the registers of the tests are of another day
    out = config.parent / "bundle"
    done = RUNNER.invoke(cli.app, ["evidence", "export", str(config), "YD2026031001", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert verify_bundle(out.read_bytes()).holds
    none = RUNNER.invoke(cli.app, ["evidence", "export", str(config), "YD9"])
    assert (none.exit_code, "no evidence" in none.output) == (1, True)


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ('gate = ["sometimes"]', "freight.gate"),
        ('overridable = ["no such reason"]', "freight.overridable"),
        ('authority_url = "http://127.0.0.1:1"', "authority_account"),
        ("receipt_timeout_s = 20.0\nreceipt_timeout_max_s = 10.0", "receipt_timeout_max_s"),
        ('trust_file = "nowhere.json"', "freight.trust_file"),
        ('evidence = "md5"', "freight.evidence"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, lines: str, named: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(f"[freight]\nenabled = true\n{lines}\n")
    with pytest.raises(ConfigError) as caught:
        config_file.load(path)
    assert any(named in each for each in caught.value.problems), caught.value.problems


def test_freight_is_off_by_default_and_takes_no_cursor(tmp_path: Path) -> None:

    path = tmp_path / "gateway.toml"
    path.write_text("[freight]\n")
    loaded = config_file.load(path)
    assert (loaded.freight.enabled, cursor_names(loaded)) == (False, ())
