"""Who somebody is, is masked over the API, unless a purpose is given, which leaves an audit line."""

import asyncio

from tests.freight.planted import IDENTITY, NAME, PHONE, driver_body, found_in

from .test_routes import TRUCK, scenario

CLEAR = {"unmasked": "true", "purpose": "verification"}


@scenario
async def test_drivers_are_masked(world):
    row = {"name": NAME, "phone": PHONE}
    assert (await world.client.put(f"/drivers/{IDENTITY}", json=row)).status_code == 200
    for path in ("/drivers", "/drivers.csv"):
        masked = await world.client.get(path)
        assert not found_in(masked.content), masked.text
        assert "欧阳**" in masked.text
        assert "530100********1234" in masked.text
        refused = await world.client.get(path, params={"unmasked": "true"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "purpose"
        assert found_in((await world.client.get(path, params=CLEAR)).content) == [NAME, IDENTITY, PHONE]
    audit = (await world.client.get("/audit")).json()
    seen = [line for line in audit if line["what"] == "drivers seen unmasked"]
    assert [line["detail"] for line in seen] == ["verification"] * 2
    assert not found_in(str(seen).encode())


@scenario
async def test_the_answer_of_a_card_reader_is_masked(world):
    world.online()
    asked = asyncio.create_task(
        world.client.post("/commands?wait_s=20", json={"terminal": TRUCK, "message": "0x8702", "body": {}})
    )
    while not world.sent:
        await asyncio.sleep(0.002)
    world.commands.uplink(TRUCK, 0x0702, None, driver_body(), 2013)
    masked = await asked
    assert masked.json()["answer"]["body"]["name"] == "欧阳**", masked.text
    assert not found_in(masked.content)
    path = f"/commands/{masked.json()['id']}"
    assert not found_in((await world.client.get(path)).content)
    assert found_in((await world.client.get(path, params=CLEAR)).content) == [NAME, IDENTITY]
