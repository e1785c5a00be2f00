"""The service over its file: durable before told, takes up after a restart, idempotent, bounded, audited."""

import asyncio
import contextlib
import sqlite3

import pytest

from edge_gateway.commands import (
    CommandError,
    CommandLimits,
    CommandService,
    Plan,
    Request,
    Rollouts,
    sending,
)
from edge_gateway.commands.store import Store

DEADLINE_S = 20.0
TEXT = {"flag": ["display"], "text": "你好"}


async def until(condition, what="the condition"):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)
    assert condition(), what


class Line:
    """A connection as the service sees one: gives ascending serials, remembers what it was given."""

    def __init__(self, serial=0, pieces=1, awaited=False):
        self.given = []
        self.again = []
        self._serial, self._pieces, self._awaited = serial, pieces, awaited

    def send(self, message_id, body, again=None):
        if again is not None:
            self.again.append(again)
            return range(again, again + self._pieces)
        serials = range(self._serial, self._serial + self._pieces)
        self._serial += self._pieces
        self.given.append((message_id, body, tuple(serials)))
        return self._soon(serials) if self._awaited else serials

    async def _soon(self, serials):
        await asyncio.sleep(0)
        return serials


@contextlib.asynccontextmanager
async def running(folder, terminals=None, **limits):
    known = {"13800138000": 2013, "2": 2019} if terminals is None else terminals
    service = CommandService(folder / "commands.db", CommandLimits(**limits), known.get)
    service.start()
    try:
        yield service
    finally:
        await service.stop()


def text(terminal="013800138000", key=None, body=None, **more):
    return Request(terminal, "TextMessage", body or TEXT, idempotency_key=key, **more)


def run(test):
    asyncio.run(test)


@pytest.mark.parametrize("awaited", [False, True])
def test_from_json_to_bytes_to_acknowledged_and_audited(tmp_path, awaited):
    async def scenario():
        async with running(tmp_path) as service:
            line = Line(serial=7, awaited=awaited)
            service.online("13800138000", 2013, line.send)
            row, new = await service.create(text(), "dispatcher")
            assert new
            await until(lambda: line.given)
            assert line.given == [(0x8300, b"\x04" + "你好".encode("gbk"), (7,))]
            waiting = asyncio.create_task(service.wait_until_done(row.command.number, DEADLINE_S))
            await until(lambda: service.row(row.command.number).command.state == "sent")
            service.answered("13800138000", 0x8300, 7, 0)
            await waiting
            shown = service.as_json(service.row(row.command.number))
            assert (shown["state"], shown["done"], shown["result"], shown["attempts"]) == (
                "acknowledged", True, "ok", 1,
            )  # fmt: skip
            assert [(each["who"], each["what"]) for each in service.store.audit()] == [
                ("gateway", "command acknowledged"),
                ("dispatcher", "command TextMessage"),
            ]

    run(scenario())


def test_audit_lines_stay(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            await service.create(text(), "x")

    run(scenario())
    with sqlite3.connect(tmp_path / "commands.db") as connection:
        for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'y'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_the_body_is_written_in_the_edition_of_the_connection(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            await service.create(text("2", body={"flag": ["display"], "type": "notice", "text": "A"}), "x")
            line = Line()
            service.online("2", 2013, line.send)  # it changed its software: 2013 has no type
            await until(lambda: service.row(1).command.state == "failed")
            assert "body.type" in service.row(1).command.error and not line.given
            with pytest.raises(CommandError) as caught:
                await service.create(text("2", body={"flag": [], "type": "notice", "text": "A"}), "x")
            assert caught.value.field == "body.type"

    run(scenario())


@pytest.mark.parametrize(
    ("request_", "field", "said"),
    [
        (text("999"), "terminal", "no terminal '999'"),
        (Request("2", "PositionReport", {}), "message", "no message of the platform"),
        (Request("2", "Nonsense", {}), "message", "no such message"),
        (Request("2", 0x8100, {}), "message", "said by the gateway itself"),
        (Request("2", "TextMessage", {"flag": ["loud"]}), "body.flag", "no such flag"),
        (Request("2", "TextMessage", {"hex": "zz"}), "body.hex", "non-hex"),
        (Request("2", 0x8F01, {"a": 1}), "body", "no declaration"),
        (Request("2", "CallBack", {"hex": "00"}, not_after_ms=1), "not_after", "not between now and"),
        (Request("2", "CallBack", {"hex": "00" * 101}), "body", "101 bytes, 100 at most"),
        (Request("2", "CallBack", {"hex": "00"}, file="ab"), "file", "no such file"),
        (Request("2", "CallBack", {"hex": "00"}, idempotency_key=""), "idempotency_key", "characters"),
    ],
)
def test_errors_name_the_field(tmp_path, request_, field, said):
    async def scenario():
        async with running(tmp_path, body_bytes=100) as service:
            with pytest.raises(CommandError, match=said) as caught:
                await service.create(request_, "x")
            assert caught.value.field == field
            assert not service.store.listed() and not service.store.audit()

    run(scenario())


def test_an_idempotency_key_makes_one_command_also_at_the_same_time(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            made = await asyncio.gather(*(service.create(text(key="k"), "x") for _ in range(5)))
            assert len({row.command.number for row, _ in made}) == 1
            assert sorted(new for _, new in made) == [False] * 4 + [True]
            with pytest.raises(CommandError) as caught:
                await service.create(text(key="k", body={"flag": [], "text": "other"}), "x")
            assert caught.value.kind == "conflict"
            other, new = await service.create(text(key="k"), "somebody else")
            assert new and other.command.number != made[0][0].command.number
        async with running(tmp_path) as service:
            again, new = await service.create(text(key="k"), "x")
            assert not new and again.command.number == made[0][0].command.number

    run(scenario())


def test_everything_is_taken_up_after_a_restart(tmp_path):
    async def scenario():
        async with running(tmp_path) as service:
            line = Line()
            service.online("13800138000", 2013, line.send)
            for _ in range(2):
                await service.create(text(), "x")
            await until(lambda: service.row(1).command.state == "sent")
        async with running(tmp_path) as service:
            line = Line(serial=40)
            service.online("13800138000", 2013, line.send)
            await until(lambda: line.given)
            service.answered("13800138000", 0x8300, 40, 0)
            service.answered("13800138000", 0x8300, 41, 3)
            await service._written()
            states = [(row.command.state, row.command.attempts) for row in service.store.listed()]
            assert states == [("refused", 1), ("acknowledged", 2)]
            assert (await service.create(text(), "x"))[0].command.number == 3

    run(scenario())


def test_a_retry_says_the_same_pieces_again(tmp_path):
    async def scenario():
        async with running(tmp_path, response_ms=1) as service:
            line = Line(serial=5)
            service.online("13800138000", 2013, line.send)
            await service.create(text(), "x")
            await until(lambda: service.row(1).command.done)
            assert len(line.given) == 1 and line.again == [5] * 3
            assert service.row(1).command.state == "failed"

    run(scenario())


def test_cancel_and_limits(tmp_path):
    async def scenario():
        async with running(tmp_path, per_terminal=2) as service:
            await service.create(text(), "x")
            await service.create(text(), "x")
            with pytest.raises(CommandError, match="wait for this terminal"):
                await service.create(text(), "x")
            await service.cancel(1, "boss")
            assert service.row(1).command.state == "cancelled"
            with pytest.raises(CommandError, match="no command 9"):
                await service.cancel(9, "boss")

    run(scenario())


def test_large_bodies_are_on_few_lines_at_a_time(tmp_path):
    terminals = {str(number): 2013 for number in range(1, 11)}

    async def scenario():
        async with running(tmp_path, terminals) as service:
            lines = {terminal: Line() for terminal in terminals}
            for terminal, line in lines.items():
                service.online(terminal, 2013, line.send)
                await service.create(Request(terminal, 0x8F00, {"hex": "00" * 70_000}), "x")
            done = set()
            while len(done) < len(terminals):
                await until(lambda: any(line.given and name not in done for name, line in lines.items()))
                busy = [name for name, line in lines.items() if line.given and name not in done]
                assert len(busy) <= sending.LARGE_AT_ONCE
                service.answered(busy[0], 0x8F00, 0, 0)
                done.add(busy[0])

    run(scenario())


BODY = {"upgraded": "terminal", "maker": "DYMAK", "version": "2.0"}


def plan(service, count, sha256, **more):
    settings = {"rings": [1, 0.5], "max_failures": 1, "wants_result": False, **more}
    return Plan([str(n) for n in range(1, count + 1)], BODY, sha256,
                not_after_ms=service.now().utc_ms + 100_000, **settings)  # fmt: skip


def test_a_rollout_goes_ring_by_ring_also_over_a_restart(tmp_path, monkeypatch):
    monkeypatch.setattr("edge_gateway.commands.rollouts.STEP_S", 0.01)
    terminals = {str(number): 2013 for number in range(1, 7)}
    asked = []

    class Obedient(Line):
        def __init__(self, service, terminal):
            super().__init__()
            self.service, self.terminal = service, terminal

        def send(self, message_id, body, again=None):
            asked.append(self.terminal)
            assert message_id == 0x8108 and body.endswith(b"firmware")
            serials = super().send(message_id, body)
            asyncio.get_running_loop().call_soon(
                self.service.answered, self.terminal, message_id, serials[0], 0
            )
            return serials

    async def scenario():
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            rollouts.start()
            sha256 = await rollouts.upload(b"firmware", "x")
            rollout = await rollouts.create(plan(service, 6, sha256), "x")
            first = Obedient(service, "1")
            service.online("1", 2013, first.send)
            await until(lambda: rollout.ring == 1 and len(rollout.asked) == 3)
            await rollouts.stop()
        assert asked == ["1"]
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            rollouts.start()
            assert rollouts.get(1)["ring"] == 2 and rollouts.get(1)["well"] == 1
            for terminal in terminals:
                service.online(terminal, 2013, Obedient(service, terminal).send)
            await until(lambda: rollouts.get(1)["state"] == "finished")
            assert rollouts.get(1)["well"] == 6
            await rollouts.stop()
        assert sorted(asked) == sorted(terminals) and set(asked[:3]) == {"1", "2", "3"}

    run(scenario())


def test_a_rollout_stops_when_too_many_fail(tmp_path, monkeypatch):
    monkeypatch.setattr("edge_gateway.commands.rollouts.STEP_S", 0.01)
    terminals = {str(number): 2013 for number in range(1, 9)}

    async def scenario():
        async with running(tmp_path, terminals) as service:
            rollouts = Rollouts(service)
            rollouts.start()
            sha256 = await rollouts.upload(b"firmware", "x")
            rollout = await rollouts.create(plan(service, 8, sha256, rings=[4], wants_result=True), "x")
            lines = {name: Line() for name in ("1", "2")}
            for name, line in lines.items():
                service.online(name, 2013, line.send)
            await until(lambda: all(line.given for line in lines.values()))
            await until(lambda: len(service.store.listed()) == 4)  # the whole first ring was asked
            service.answered("1", 0x8108, 0, 3)
            service.answered("2", 0x8108, 0, 0)
            service.uplink("2", 0x0108, None, b"\x00\x01", 2013)
            await until(lambda: rollouts.get(1)["state"] == "stopped")
            assert rollout.badly == {"1": "refused: not supported", "2": "upgrade result failed"}
            await until(lambda: len(service.store.listed(state="cancelled")) == 2)
            assert len(service.store.listed()) == 4  # nobody of the second ring was asked
            await rollouts.stop()

    run(scenario())


def test_the_file_of_a_newer_program_is_left_alone(tmp_path):
    Store(tmp_path / "commands.db").close()
    with sqlite3.connect(tmp_path / "commands.db") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(Exception, match="version 99"):
        Store(tmp_path / "commands.db")
