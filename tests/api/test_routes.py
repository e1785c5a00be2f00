"""Every route over real services: commands, registry and tokens on their files; only HTTP is short-cut."""

import asyncio
import contextlib
import csv
import io
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from edge_gateway.api.app import Services, create_app, openapi_document
from edge_gateway.api.media import StoredMedia
from edge_gateway.commands import CommandLimits, CommandService, Rollouts
from edge_gateway.media import MediaLimits, MediaStore, NewMedia
from edge_gateway.registry import Device, Fleet, OwnRoll, Registry
from edge_gateway.tokens import SCOPES, TokenError, Tokens
from tests.gateway.support import body_of

DEVICE = Device(53, 102, b"MAKER", b"MODEL", b"T000001", 2, "云A12345".encode("gbk"))
TRUCK = "13800138000"
TEXT = {"terminal": TRUCK, "message": "TextMessage", "body": {"flag": ["display"], "text": "你好"}}
SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()


class House:
    """The services, a client with every scope, and a line of the truck."""

    def __init__(self, folder):
        loop = asyncio.get_running_loop()

        def deliver(released):
            loop.call_soon_threadsafe(lambda: [told(written) for told, written in released])

        self.registry = Registry(folder / "registry.db", deliver=deliver)
        self.registry.register(TRUCK, 2013, DEVICE, lambda result, code: None)
        self.commands = CommandService(
            folder / "commands.db", CommandLimits(per_terminal=3), self.registry.edition_of
        )
        self.rollouts = Rollouts(self.commands)
        self.tokens = Tokens(folder / "commands.db")
        self.disconnected = []
        self.services = Services(
            self.commands, self.rollouts, OwnRoll(self.registry), Fleet(self.registry), self.tokens,
            lambda: {"server": {"connections": 1}},
            lambda identity: {"latitude": 25.0} if identity == TRUCK else None,
            lambda identity, reason: self.disconnected.append((identity, reason)),
            body_max_bytes=100_000,
        )  # fmt: skip
        self.token = self.tokens.create("all", list(SCOPES))
        self.client = self.client_of(self.token)
        self.sent = []

    def client_of(self, token):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(create_app(self.services))
        return httpx.AsyncClient(transport=transport, base_url="http://gateway/api/v1", headers=headers)

    def online(self, terminal=TRUCK):
        def send(message_id, body, again):
            self.sent.append((terminal, message_id, body))
            return [again or len(self.sent)]

        self.commands.online(terminal, 2013, send)

    async def close(self):
        await self.client.aclose()
        await self.rollouts.stop()
        await self.commands.stop()
        await asyncio.to_thread(self.registry.close)
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def house(folder):
    built = House(folder)
    built.commands.start()
    built.rollouts.start()
    try:
        yield built
    finally:
        await built.close()


def scenario(test):
    """Runs an async test(world) over a house of its own."""

    def run(tmp_path):
        async def whole():
            async with house(tmp_path) as world:
                await asyncio.wait_for(test(world), 30)

        asyncio.run(whole())

    run.__name__ = test.__name__
    return run


@scenario
async def test_send_wait_and_read_a_command(world):
    world.online()
    asked = asyncio.create_task(world.client.post("/commands?wait_s=20", json=TEXT))
    while not world.sent:
        await asyncio.sleep(0.002)
    assert world.sent == [(TRUCK, 0x8300, b"\x04" + "你好".encode("gbk"))]
    world.commands.answered(TRUCK, 0x8300, 1, 0)
    answer = await asked
    shown = answer.json()
    assert answer.status_code == 201 and answer.headers["Location"] == f"/api/v1/commands/{shown['id']}"
    assert (shown["state"], shown["done"], shown["asked_by"]) == ("acknowledged", True, "all")
    assert (await world.client.get(f"/commands/{shown['id']}")).json() == shown
    listed = (await world.client.get("/commands", params={"terminal": "0" + TRUCK})).json()
    assert listed == {"items": [shown], "next_before": None}


@scenario
async def test_an_answer_is_told_by_its_field_names(world):
    world.online()
    number = (await world.client.post("/commands", json={"terminal": TRUCK, "message": "0x8107"})).json()[
        "id"
    ]
    body = bytes.fromhex(
        "00014d414b455200" + "00" * 19 + "54303030303031" + "89" * 10 + "0231300131" + "0102"
    )
    world.commands.uplink(TRUCK, 0x0107, None, body, 2013)
    shown = (await world.client.get(f"/commands/{number}")).json()
    assert shown["state"] == "answered" and shown["answer"]["message_id"] == "0x0107"
    assert shown["answer"]["hex"] == body.hex() and shown["answer"]["body"]


@scenario
async def test_idempotency_and_cancel(world):
    headers = {"Idempotency-Key": "one"}
    first = await world.client.post("/commands", json=TEXT, headers=headers)
    again = await world.client.post("/commands", json=TEXT, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200) and first.json() == again.json()
    other = await world.client.post("/commands", json={**TEXT, "body": {"hex": "00"}}, headers=headers)
    assert other.status_code == 409 and other.json()["errors"][0]["field"] == "idempotency_key"
    number = first.json()["id"]
    cancelled = await world.client.post(f"/commands/{number}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    assert (await world.client.post(f"/commands/{number}/cancel")).status_code == 409
    assert (await world.client.get("/commands/999")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({**TEXT, "terminal": "12a"}, 422, "terminal"),
        ({**TEXT, "terminal": "999"}, 404, "terminal"),
        ({**TEXT, "message": "Nope"}, 422, "message"),
        ({**TEXT, "body": {"flag": ["loud"], "text": ""}}, 422, "body.flag"),
        ({**TEXT, "not_after": "2020-01-01T00:00:00Z"}, 422, "not_after"),
        ({**TEXT, "not_after": "2099-01-01T00:00:00"}, 422, "not_after"),
        ({**TEXT, "colour": 1}, 422, "colour"),
        ({"terminal": TRUCK}, 422, "message"),
    ],
)
def test_problems_name_the_field(tmp_path, asked, status, field):
    async def test(world):
        answer = await world.client.post("/commands", json=asked)
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, problem["status"]) == (status, status)
        assert problem["errors"][0]["field"] == field and problem["detail"]

    scenario(test)(tmp_path)


@scenario
async def test_a_full_queue_is_429_with_a_hint(world):
    for _ in range(3):
        assert (await world.client.post("/commands", json=TEXT)).status_code == 201
    answer = await world.client.post("/commands", json=TEXT)
    assert answer.status_code == 429 and answer.headers["Retry-After"]


@scenario
async def test_tokens_and_scopes(world):
    reader = world.tokens.create("reader", ["commands:read"])
    ended = world.tokens.create("ended", ["commands:read"], life_days=-1)
    for token, path, status in (
        ("", "/commands", 401),
        ("dye_reader_wrong", "/commands", 401),
        ("dye_nobody_" + reader.split("_", 2)[2], "/commands", 401),
        (ended, "/commands", 401),
        (reader, "/commands", 200),
        (reader, "/terminals", 403),
        (reader, "/stats", 403),
    ):
        async with world.client_of(token) as client:
            answer = await client.get(path)
        assert answer.status_code == status, (token, path)
    assert (await world.client_of(reader).post("/commands", json=TEXT)).status_code == 403
    world.tokens.revoke("reader")
    assert (await world.client_of(reader).get("/commands")).status_code == 401
    assert {row[0] for row in world.tokens.listed()} == {"all", "reader", "ended"}
    for name, scopes in (("reader", ["commands:read"]), ("A", ["commands:read"]), ("b", ["x"]), ("c", [])):
        with pytest.raises(TokenError):
            world.tokens.create(name, scopes)


@scenario
async def test_the_secret_is_nowhere_on_the_disk(world):
    secret = world.token.split("_", 2)[2].encode()
    folder = Path(world.registry.path).parent
    assert all(secret not in path.read_bytes() for path in folder.iterdir())


@scenario
async def test_onboarding_codes_and_disconnection(world):
    shown = (await world.client.get(f"/terminals/{TRUCK}")).json()
    assert (shown["plate"], shown["status"], shown["online"], shown["codes"]) == (
        "云A12345",
        "approved",
        False,
        1,
    )
    blocked = await world.client.put(f"/terminals/{TRUCK}", json={"status": "blocked", "note": "stolen"})
    assert blocked.json()["status"] == "blocked" and world.disconnected == [(TRUCK, "terminal blocked")]
    await world.client.put(f"/terminals/0{TRUCK}", json={"group": "north"})
    code = (await world.client.post(f"/terminals/{TRUCK}/codes")).json()["code"]
    assert world.registry.authenticate(TRUCK, code.encode(), False) == 2013
    assert (await world.client.delete(f"/terminals/{TRUCK}/codes")).status_code == 204
    assert world.registry.authenticate(TRUCK, code.encode(), False) is None
    assert world.disconnected[-1] == (TRUCK, "codes revoked")
    await world.client.put("/terminals/2", json={})
    page = (await world.client.get("/terminals", params={"limit": 1})).json()
    rest = (await world.client.get("/terminals", params={"after": page["next_after"]})).json()
    assert [each["identity"] for each in page["items"] + rest["items"]] == [TRUCK, "2"]
    assert len((await world.client.get("/terminals?group=north")).json()["items"]) == 1
    assert (await world.client.get("/terminals?online=true")).json()["items"] == []
    assert (await world.client.delete("/terminals/2")).status_code == 204
    assert (await world.client.get("/terminals/2")).status_code == 404
    audit = (await world.client.get("/audit")).json()
    assert [line["what"] for line in audit] == [
        "terminal deleted", "terminal approved", "codes revoked", "code issued", "terminal approved",
        "terminal blocked",
    ]  # fmt: skip
    assert code not in json.dumps(audit)


@scenario
async def test_csv_out_and_in_loses_no_good_row(world):
    text = "identity,status,group\n1,approved,a\nx,approved,a\n3,maybe,a\n004,blocked,b\n5,approved,a,more\n"
    done = (await world.client.post("/terminals.csv", content=text)).json()
    assert (done["taken"], done["refused"]) == (2, 3)
    assert [(each["row"], each["column"]) for each in done["errors"]] == [
        (3, "identity"), (4, "status"), (6, ""),
    ]  # fmt: skip
    out = (await world.client.get("/terminals.csv")).text
    rows = {row["identity"]: row for row in csv.DictReader(io.StringIO(out.removeprefix("\ufeff")))}
    assert set(rows) == {"1", "4", TRUCK} and rows["4"]["status"] == "blocked"
    assert rows[TRUCK]["plate"] == "云A12345"
    again = (await world.client.post("/terminals.csv", content=out)).json()
    assert (again["taken"], again["refused"]) == (3, 0)
    bad = (await world.client.post("/terminals.csv", content="name\n1\n")).json()
    assert {(each["row"], each["column"]) for each in bad["errors"]} == {(1, "name"), (1, "identity")}


@scenario
async def test_vehicles_drivers_and_groups(world):
    put = await world.client.put("/vehicles/云A12345/2", json={"vin": "LZZ", "terminal": "0" + TRUCK})
    assert put.json()["terminal"] == TRUCK
    assert (await world.client.get("/vehicles")).json()[0]["plate"] == "云A12345"
    wrong = await world.client.put("/vehicles/x/2", json={"colour": 1})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "colour"
    assert (await world.client.put("/vehicles/x", json={})).status_code == 422
    text = "qualification,name\nQ1,=cmd()\n,nobody\n"
    done = (await world.client.post("/drivers.csv", content=text)).json()
    assert done["taken"] == 1 and done["errors"][0]["column"] == "qualification"
    clear = {"unmasked": "true", "purpose": "verification"}
    assert (
        "'=cmd()" in (await world.client.get("/drivers.csv", params=clear)).text
    )  # no formula for a spreadsheet
    await world.client.put("/groups/north", json={"note": "昆明"})
    assert (await world.client.delete("/groups/north")).status_code == 204
    assert (await world.client.delete("/groups/north")).status_code == 404


@scenario
async def test_a_rollout_over_the_api(world):
    await world.client.put("/terminals/2", json={"group": "north"})
    sha256 = (await world.client.post("/files", content=b"firmware")).json()["sha256"]
    asked = {
        "group": "north", "file": sha256, "not_after": SOON, "rings": [1],
        "body": {"upgraded": "terminal", "maker": "DYMAK", "version": "2"},
    }  # fmt: skip
    begun = await world.client.post("/rollouts", json=asked)
    assert begun.status_code == 201 and begun.json()["rings"] == [1]
    number = begun.json()["id"]
    stopped = (await world.client.post(f"/rollouts/{number}/stop")).json()
    assert stopped["state"] == "stopped" and "all" in stopped["reason"]
    assert (await world.client.get(f"/rollouts/{number}")).json()["state"] == "stopped"
    for change, field in (
        ({"terminals": ["2"]}, "terminals"), ({"file": "0"}, "file"), ({"rings": [1.5]}, "rings.0"),
        ({"body": {}}, "body.upgraded, maker, version"),
    ):  # fmt: skip
        answer = await world.client.post("/rollouts", json={**asked, **change})
        assert answer.json()["errors"][0]["field"] == field, answer.text


@scenario
async def test_the_rest(world):
    assert (await world.client.get("/stats")).json() == {"server": {"connections": 1}}
    assert (await world.client.get(f"/terminals/{TRUCK}/position")).json() == {"latitude": 25.0}
    assert (await world.client.get("/media")).status_code == 404
    messages = {each["message"]: each for each in (await world.client.get("/messages")).json()}
    assert messages["TextMessage"]["fields"]["2019"] == ["flag", "type", "text"]
    assert "PlatformGeneralResponse" not in messages
    large = await world.client.post("/files", content=b"x" * 100_001)
    assert large.status_code == 413

    async def pieces():
        for _ in range(11):
            yield b"x" * 10_000

    assert (await world.client.post("/files", content=pieces())).status_code == 413


@scenario
async def test_media_are_listed_and_given(world):
    store = MediaStore(Path(world.registry.path).parent / "media", MediaLimits())
    stored = threading.Event()
    about = {"media_id": 7, "event": 1, "channel": 2, "position": body_of(1)[:28]}
    store.put(NewMedia(TRUCK, "picture", 1_700_000_000_000, **about), b"JPEG", lambda _: stored.set())
    assert await asyncio.to_thread(stored.wait, 20)
    world.services.media = StoredMedia(store)
    (shown,) = (await world.client.get("/media", params={"terminal": TRUCK})).json()
    assert (shown["media_id"], shown["bytes"], shown["type"], shown["channel"]) == (7, 4, "picture", 2)
    assert shown["position"]["latitude_udeg"] and shown["received_at"] == "2023-11-14T22:13:20.000Z"
    answer = await world.client.get(f"/media/{shown['id']}")
    assert (answer.content, answer.headers["content-type"]) == (b"JPEG", "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await world.client.get("/media", params={"after": shown["id"]})).json() == []
    assert (await world.client.get("/media/99")).status_code == 404
    store.close()


def test_the_document_is_fresh():
    written = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))
    fresh = json.loads(json.dumps(openapi_document()))
    assert written == fresh, "python -m edge_gateway.api.openapi docs/openapi.json writes it anew"
