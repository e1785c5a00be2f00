"""A virtual truck is a complete terminal: it has senses and letters, and once parked it says nothing new."""

import asyncio
import io
from random import Random

import pytest

from protocols.monitoring.records import MESSAGE, record_id
from simulator.demo.road import emitted_of
from simulator.faults.power_cut import PowerFailed, TearingFiles
from simulator.fleet.cab import card_in, card_out, driver_of
from simulator.fleet.events import FleetLog, read_fleet_log
from simulator.fleet.routes import built_in_routes
from simulator.fleet.runner import Runner
from simulator.fleet.scenario import Options, plan_fleet
from simulator.fleet.truck import Truck
from simulator.ledger.ledger import EmittedMessage, GatewayCounts, Received, balance

OPTIONS = Options(trucks=3, seconds=600, interval_s=10)
PLANS = plan_fleet(5, OPTIONS, built_in_routes()).plans
NOBODY = ("127.0.0.1", 1)  # no gateway listens there
DRIVER = 0x0702


def truck_of(log, plan=PLANS[2], **more):
    return Truck(plan, OPTIONS, [NOBODY], log, **more)


def drive(truck, seconds, start=0):
    for second in range(start, start + seconds):
        truck.tick(second * 1000)
        if truck.terminal.wants_link() is not None:
            truck.terminal.link_closed(second * 1000)


def test_the_driver_puts_his_card_in_and_it_is_a_letter():
    log = FleetLog()
    truck = truck_of(log)
    drive(truck, 30)
    driver = driver_of(truck.plan.number, 0)
    assert truck.terminal.vehicle.driver == driver.code.encode()
    (letter,) = log.terminal(truck.plan.phone).letters
    assert letter.message_id == DRIVER and not letter.acknowledged
    assert truck.held == truck.terminal.held + 1


def test_the_lines_of_the_reader_end_with_their_check():
    for line in (card_in(driver_of(4, 1)), card_out()):
        text, _, check = line.rstrip().rpartition(b"*")
        total = 0
        for byte in text:
            total ^= byte
        assert check == b"%02X" % total
    assert driver_of(4, 0) != driver_of(4, 1) == driver_of(4, 3)


def test_a_power_cut_tells_no_letter_twice():
    log = FleetLog()
    truck = truck_of(log)
    drive(truck, 30)
    truck.power_cut()
    drive(truck, 30, 30)
    (letter,) = log.terminal(truck.plan.phone).letters
    assert letter.times == 1 and truck.terminal.mail.held == 1
    assert truck.terminal.vehicle.driver == driver_of(truck.plan.number, 0).code.encode()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: str(plan.edition))
def test_a_parked_truck_reports_nothing_for_hours(plan):
    log = FleetLog()
    truck = truck_of(log, plan)
    drive(truck, 60)
    truck.stop_driving()
    before = log.emitted
    drive(truck, 4 * 3600, 60)
    truck.power_cut()
    drive(truck, 3600, 5 * 3600)
    assert log.emitted == before > 0 and truck.held == before


def test_draining_against_a_dead_gateway_ends_with_what_was_there():
    async def run():
        log = FleetLog()
        async with Runner([truck_of(log, plan) for plan in PLANS], rate=100) as runner:
            await asyncio.sleep(0.3)
            runner.stop_driving()
            before = log.emitted
            assert not await runner.drain(1.0)  # a hundred seconds for the trucks
            assert runner.held == log.emitted == before > 0

    asyncio.run(run())


def test_an_armed_flash_fails_once():
    files = TearingFiles(Random(1), 0)
    files.arm(5)
    file = files.open("a", True)
    with pytest.raises(PowerFailed):
        file.write(b"0123456789")
    assert bytes(files.contents["a"]) == b"01234" and (files.strikes, files.torn) == (1, 1)
    files.open("a", True).write(b"abcdefghij")
    assert bytes(files.contents["a"]) == b"abcdefghij"


def test_letters_and_answers_survive_the_record_and_reach_the_ledger(tmp_path):
    phone, stream = "013900000001", io.StringIO()
    log = FleetLog(stream)
    log.post(phone, DRIVER, 7, b"in")
    log.post(phone, DRIVER, 9, b"out")
    log.deliver(phone, DRIVER, 7)
    log.post(phone, 0x0104, 8, b"values", promised=False)
    log.post(phone, 0x0104, 10, b"never arrived", promised=False)
    (tmp_path / "log").write_text(stream.getvalue(), "utf-8")
    for one in (log, read_fleet_log(tmp_path / "log")):
        (said,) = emitted_of(one)
        names = {
            (message_id, serial): record_id(phone, body, MESSAGE, serial, message_id)
            for message_id, serial, body in ((DRIVER, 7, b"in"), (DRIVER, 9, b"out"), (0x0104, 8, b"values"))
        }
        assert said.messages[names[DRIVER, 7]] == EmittedMessage(DRIVER)
        assert not said.messages[names[DRIVER, 9]].acknowledged
        assert not said.messages[names[0x0104, 8]].promised and len(said.messages) == 4
        assert (one.emitted, one.acknowledged) == (2, 1)
        stored = dict.fromkeys((names[DRIVER, 7], names[0x0104, 8]), 1)
        counts = GatewayCounts(2, 2)
        identity = said.identity
        account = balance([said], counts, {identity: counts}, {identity: Received(messages=stored)}).total
        assert (account.emitted, account.received, account.acknowledged) == (3, 2, 2)
        assert [missing.message_id for missing in account.missing] == [DRIVER] and not account.phantom
