"""What goes wrong around commands: full lines, disks that refuse, text that is none, roll-outs cut off."""

import asyncio
import sqlite3

import pytest

from edge_gateway.commands import CommandError, Request, Rollouts, sending
from edge_gateway.commands import service as service_module
from edge_gateway.commands.desk import STALE_MIN
from edge_gateway.commands.rollouts import ASKED_AT_ONCE

from .test_desk import World
from .test_service import Line, plan, run, running, text, until

LARGE = {"hex": "00" * (sending.LARGE_BYTES + 1)}
MANY = {str(number): 2013 for number in range(1, 11)}


def large(terminal, **more):
    return Request(terminal, 0x8F00, LARGE, **more)


async def occupied(service):
    """Lines that take all places for large bodies, and one terminal whose large command waits for a place."""
    lines = {name: Line() for name in MANY}
    numbers = {}
    for name in list(MANY)[: sending.LARGE_AT_ONCE + 1]:
        service.online(name, 2013, lines[name].send)
        numbers[name] = (await service.create(large(name), "x"))[0].command.number
    waits = list(numbers)[-1]
    assert [name for name in numbers if lines[name].given] == list(numbers)[:-1]
    return lines, numbers, waits


def test_a_large_command_that_waits_for_a_place_over_a_reconnection_is_sent_once_and_the_line_stays(tmp_path):
    async def scenario():
        async with running(tmp_path, MANY) as service:
            lines, _, waits = await occupied(service)
            service.offline(waits)
            service.online(waits, 2013, lines[waits].send)  # it waits for a place once more
            service.answered("1", 0x8F00, 0, 0)
            service.answered("2", 0x8F00, 0, 0)
            assert len(lines[waits].given) == 1
            service.answered(waits, 0x8F00, 0, 0)
            await service.create(text(waits), "x")
            await until(lambda: len(lines[waits].given) == 2, "the terminal is online and gets the next one")

    run(scenario())


def test_a_command_that_expires_while_it_waits_for_a_place_is_never_sent(tmp_path):
    clock = [1_700_000_000_000]

    async def scenario():
        async with running(tmp_path, MANY) as service:
            service._utc_ms = lambda: clock[0]
            lines, numbers, waits = await occupied(service)
            clock[0] += service.limits.life_ms + 1
            number = numbers[waits]
            await until(lambda: service.row(number).command.state == "expired")
            service.answered("1", 0x8F00, 0, 0)
            assert not lines[waits].given

    run(scenario())


def test_a_line_that_breaks_under_a_large_command_gives_its_place_back(tmp_path):
    def broken(message_id, body, again):
        raise ConnectionError("gone")

    async def scenario():
        async with running(tmp_path, MANY) as service:
            for name in list(MANY)[: sending.LARGE_AT_ONCE]:
                service.online(name, 2013, broken)
                await service.create(large(name), "x")
                service.offline(name)
            line = Line()
            service.online("9", 2013, line.send)
            await service.create(large("9"), "x")
            await until(lambda: line.given)

    run(scenario())


def test_a_command_is_sent_although_who_asked_for_it_went_away_meanwhile(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            line = Line()
            service.online("2", 2019, line.send)
            body = {"flag": ["display"], "type": "notice", "text": "A"}
            asking = asyncio.create_task(service.create(text("2", body=body), "x"))
            await asyncio.sleep(0)
            asking.cancel()
            await until(lambda: line.given)

    run(scenario())


def test_what_is_on_its_way_to_the_disk_counts_against_the_limit(tmp_path):
    async def scenario():
        async with running(tmp_path, per_terminal=3) as service:
            await service.create(text(), "x")
            taken = await asyncio.gather(
                *[service.create(text(), "x") for _ in range(5)], return_exceptions=True
            )
            assert sum(isinstance(each, CommandError) for each in taken) == 3

    run(scenario())


def test_an_expiry_of_zero_is_an_expiry(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            with pytest.raises(CommandError) as caught:
                await service.create(text(not_after_ms=0), "x")
            assert caught.value.field == "not_after"

    run(scenario())


def test_text_that_is_no_unicode_costs_one_request_and_not_the_writer(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            bad = {"hex": "00"}, {"key": "\ud800"}, {"file": "\ud800"}
            for more in bad[1:]:
                with pytest.raises(CommandError):
                    await service.create(text(body=bad[0], **more), "x")
            with pytest.raises(CommandError):
                await service.note("x", "\udfff", "")
            row, _ = await service.create(text(), "x")
            assert service.store.get(row.command.number) is not None, "the next one is written"
            assert service.store.get(1 << 70) is None

    run(scenario())


def test_an_answer_is_read_by_the_edition_that_it_came_in(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            line = Line()
            service.online("13800138000", 2011, line.send)
            row, _ = await service.create(Request("13800138000", 0x8104, {}), "x")
            await until(lambda: line.given)
            body = line.given[0][2][0].to_bytes(2, "big") + bytes.fromhex("01000000010400000014")
            service.uplink("13800138000", 0x0104, line.given[0][2][0], body, 2013)
            number = row.command.number
            await service.wait_until_done(number, 5)
            assert service.row(number).command.answer_edition == 2013

    run(scenario())


def test_an_end_that_the_disk_refuses_is_told_once_the_disk_takes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(service_module, "AGAIN_S", 0.01)
    told = []

    async def scenario():
        async with running(tmp_path) as service:
            line = Line()
            service.online("13800138000", 2013, line.send)
            service.on_change.append(lambda command: told.append(command.state))
            row, _ = await service.create(text(), "x")
            number = row.command.number
            await until(lambda: told == ["sent"])
            full = sqlite3.OperationalError("database or disk is full")
            write = service.store._one

            def refuse(change):
                raise full

            service.store._one = refuse
            service.answered("13800138000", 0x8300, 0, 0)
            await until(lambda: service._unwritten)
            assert told == ["sent"], "nothing is told before it is written"
            assert service.row(number).command.state == "acknowledged"
            service.store._one = write
            await until(lambda: told[1:] == ["acknowledged"])
            assert service.store.get(number).command.state == "acknowledged"

    run(scenario())


def test_a_disk_that_cannot_be_read_does_not_reach_the_road_of_the_reports(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            await service.create(text(), "x")
            service.store._reader.close()
            service.online("13800138000", 2013, Line().send)  # raises nothing into the connection

    run(scenario())


def test_timers_of_commands_that_are_done_are_thrown_out():
    world = World()
    world.online()
    for _ in range(3 * STALE_MIN):
        command = world.ask()
        world.desk.answered("1", 0x8300, command.serials[0], 0, world.now)
    assert len(world.desk._expiries) <= STALE_MIN + 2 and len(world.desk._timers) <= STALE_MIN + 2
    last = world.ask(life_ms=10)
    world.offline()
    world.later(11)
    assert last.state == "expired"


def rollout_of(monkeypatch, terminals):
    monkeypatch.setattr("edge_gateway.commands.rollouts.STEP_S", 0.01)
    return {str(number): 2013 for number in range(1, terminals + 1)}


@pytest.mark.parametrize(("result", "state", "asked"), [(0, "running", 3), (3, "stopped", 1)])
def test_a_rollout_cut_off_before_its_step_is_written_takes_it_after_the_start(
    tmp_path, monkeypatch, result, state, asked
):
    """kill -9 between the end of a ring's last command, which is on the disk, and the ring's."""
    terminals = rollout_of(monkeypatch, 6)

    async def scenario():
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            rollouts.start()
            sha256 = await rollouts.upload(b"firmware", "x")
            rollout = await rollouts.create(plan(service, 6, sha256, max_failures=0), "x")
            line = Line()
            service.online("1", 2013, line.send)
            await until(lambda: line.given)
            await rollouts.stop()
            service.on_change.clear()  # what follows from an end is not written any more
            service.answered("1", 0x8108, 0, result)
            await service.wait_until_done(1, 5)
            assert rollout.ring == 0
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            rollouts.start()
            await until(lambda: rollouts.get(1)["state"] == state and rollouts.get(1)["asked"] == asked)
            await rollouts.stop()

    run(scenario())


def test_a_rollout_that_is_stopped_while_a_ring_is_asked_asks_no_more(tmp_path, monkeypatch):
    terminals = rollout_of(monkeypatch, ASKED_AT_ONCE)

    async def scenario():
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            rollouts.start()
            sha256 = await rollouts.upload(b"firmware", "x")
            rollout = await rollouts.create(plan(service, len(terminals), sha256, rings=[]), "x")
            await until(lambda: len(rollout.asked) >= 3)
            assert len(rollout.asked) < len(terminals)
            await rollouts.halt(1, "boss")
            asked = len(rollout.asked)
            await until(lambda: not service._desk._commands)
            await asyncio.sleep(0)
            assert len(service.store.listed(limit=500)) <= asked + 1
            assert {row.command.state for row in service.store.listed(limit=500)} == {"cancelled"}
            await rollouts.stop()

    run(scenario())


def test_a_rollout_waits_while_the_disk_refuses_and_blames_no_terminal(tmp_path, monkeypatch):
    terminals = rollout_of(monkeypatch, 2)

    async def scenario():
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            sha256 = await rollouts.upload(b"firmware", "x")
            create, refused = service.create, []

            async def refuse(request, asked_by):
                refused.append(request.terminal)
                raise CommandError("it could not be written", kind="failed")

            monkeypatch.setattr(service, "create", refuse)
            rollouts.start()
            rollout = await rollouts.create(plan(service, 2, sha256, max_failures=0), "x")
            await until(lambda: len(refused) > 2)
            assert rollout.state == "running" and not rollout.badly and not rollout.asked
            monkeypatch.setattr(service, "create", create)
            await until(lambda: rollout.asked == {"1"})
            await rollouts.stop()

    run(scenario())


def test_a_rollout_without_a_possible_end_is_refused_when_it_is_asked_for(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            rollouts = Rollouts(service)
            sha256 = await rollouts.upload(b"firmware", "x")
            wanted = plan(service, 2, sha256)
            for end_ms in (0, service.now().utc_ms + service.limits.life_max_ms + 60_000):
                with pytest.raises(CommandError) as caught:
                    await rollouts.create(type(wanted)(**{**vars(wanted), "not_after_ms": end_ms}), "x")
                assert caught.value.field == "not_after"

    run(scenario())
