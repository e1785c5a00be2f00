"""What a stranger, or a client that is wrong or hostile, may cost: nothing is read for who has no token."""

import json
import time

import httpx
import pytest

from edge_gateway.api.app import create_app
from edge_gateway.api.guard import JSON_BYTES_MAX
from edge_gateway.media import MediaStore, Orders
from edge_gateway.registry import fleet as fleet_module
from edge_gateway.registry.csv_files import import_fleet
from edge_gateway.tokens import TokenError

from .test_routes import TEXT, TRUCK, scenario

BIG = 2**63


async def asgi(world, headers, pieces, path="/api/v1/commands"):
    """(status, how many pieces of the body were read) of a request in chunks."""
    read, said = 0, []

    async def receive():
        nonlocal read
        read += 1
        return {"type": "http.request", "body": pieces[read - 1], "more_body": read < len(pieces)}

    async def send(message):
        said.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": None,
        "server": ("gateway", 80),
        "headers": [(b"content-type", b"application/json"), *headers],
    }  # fmt: skip
    await create_app(world.services)(scope, receive, send)
    return said[0]["status"], read


@scenario
async def test_not_a_byte_of_a_stranger_is_read(world):
    pieces = [b"[" * 50_000] * 100
    for headers in ([], [(b"authorization", b"Bearer dye_all_wrong")], [(b"authorization", b"Basic eDp5")]):
        assert await asgi(world, headers, pieces) == (401, 0)
    with_token = [(b"authorization", b"bearer " + world.token.encode())]
    assert (await asgi(world, with_token, [json.dumps(TEXT).encode()]))[0] == 201


@scenario
async def test_json_is_short_and_only_files_are_long(world):
    world.services.body_max_bytes = 4 * JSON_BYTES_MAX
    headers = [(b"authorization", b"Bearer " + world.token.encode())]
    pieces = [b" " * 100_000] * 100
    status, read = await asgi(world, headers, pieces)
    assert status == 413 and read * 100_000 <= JSON_BYTES_MAX + 100_000
    assert (await asgi(world, headers, pieces[:20], "/api/v1/files"))[0] == 201


@scenario
async def test_numbers_and_values_that_fit_nowhere_are_named(world):
    client = world.client
    for path in (f"/commands/{BIG}", f"/rollouts/{BIG}", f"/media/{BIG}", "/commands/0"):
        assert (await client.get(path)).status_code == 422, path
    for path in (
        f"/commands?before={BIG}",
        f"/audit?before={BIG}",
        f"/drivers?offset={BIG}",
        "/drivers?offset=-1",
    ):
        assert (await client.get(path)).status_code == 422, path
    assert (await client.delete("/vehicles/A/" + "9" * 5000)).status_code == 422
    asked = b'{"terminals":["1"],"body":{},"file":"0","rings":[NaN],"not_after":"2026-01-01T00:00:00Z"}'
    answer = await client.post("/rollouts", content=asked, headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "rings.0"


@scenario
async def test_names_that_audit_lines_give_the_gateway_are_no_tokens(world):
    for name in ("gateway", "mqtt"):
        with pytest.raises(TokenError, match="another name"):
            world.tokens.create(name, ["stats:read"])


@scenario
async def test_a_long_file_of_vehicles_takes_a_time_that_grows_as_it_does(world):
    """A table that is counted for each row takes the square of it, in the loop that serves terminals."""
    counted = []
    fleet = world.services.fleet
    rows = fleet._rows

    def count(sql, values):
        counted.append("count(*)" in sql)
        return rows(sql, values)

    fleet._rows = count
    lines = [f"云A{number:05},2" for number in range(3000)]
    done = import_fleet("\n".join(["plate,plate_colour", *lines]), fleet, "vehicles", lambda _: None)
    assert done.taken == 3000 and sum(counted) == 1


@scenario
async def test_a_full_table_is_full_and_what_is_in_it_may_change(world):
    limit, fleet_module.ROWS_MAX = fleet_module.ROWS_MAX, 2
    try:
        for name in ("a", "b", "a"):
            assert (await world.client.put(f"/groups/{name}", json={"note": "x"})).status_code == 200
        assert (await world.client.put("/groups/c", json={})).status_code == 429
        assert (await world.client.delete("/groups/a")).status_code == 204
        assert (await world.client.put("/groups/c", json={})).status_code == 200
    finally:
        fleet_module.ROWS_MAX = limit


@scenario
async def test_files_of_an_alarm_are_ordered_and_their_number_opens_the_attachment_server(world):
    asked = {
        "terminal": TRUCK,
        "identifier": {
            "terminal_id": "T000001",
            "time_bcd": "2026-03-02T10:00:00+08:00",
            "sequence": 0,
            "attachments": 1,
        },
    }
    assert (await world.client.post("/media/orders", json=asked)).status_code == 404
    store = MediaStore(world.registry.path.parent / "media")
    orders = Orders(store, "gateway.example", 7810)
    world.services.order_files = orders.order
    world.online()
    answer = await world.client.post("/media/orders", json=asked)
    assert answer.status_code == 201, answer.text
    alarm = answer.json()["alarm"]
    ((_, message_id, body),) = world.sent
    assert message_id == 0x9208 and alarm.encode() in body and b"gateway.example" in body
    now_ms = time.time_ns() // 1_000_000
    assert orders.admits(TRUCK, alarm, now_ms) and not orders.admits("1", alarm, now_ms)
    for change, field in (
        ({"terminal": "9"}, "terminal"),
        ({"identifier": {"sequence": 0}}, "identifier.attachments"),
        ({"identifier": {"colour": 1}}, "identifier.colour"),
    ):
        wrong = await world.client.post("/media/orders", json={**asked, **change})
        assert wrong.json()["errors"][0]["field"] == field, wrong.text
    store.close()


@scenario
async def test_the_document_needs_no_token(world):
    transport = httpx.ASGITransport(create_app(world.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/api/v1/openapi.json")).status_code == 200


@scenario
async def test_what_a_beginner_does_wrong_is_told_in_words_that_help(world):
    assert (await world.client.get("/nothing")).status_code == 404
    assert (await world.client.post("/nothing.csv", content=b"")).status_code == 404
    answer = await world.client.post("/commands", content=json.dumps(TEXT))
    assert answer.status_code == 422 and "Content-Type: application/json" in answer.json()["detail"]
    answer = await world.client.post("/commands", json={**TEXT, "message": "TextMesage"})
    assert "did you mean 'TextMessage'" in answer.json()["detail"]
