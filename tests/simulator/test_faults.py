"""The faults do what they say, and nothing else: a proxy that passes bytes unchanged, flash that tears."""

import asyncio
import random

import pytest

from firmware.terminal.record_log import RecordLog
from simulator.faults.link_cut import LinkCut
from simulator.faults.power_cut import PowerFailed, TearingFiles


async def echo_server():
    async def echo(reader, writer):
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
        writer.close()

    return await asyncio.start_server(echo, "127.0.0.1", 0)


def port_of(server):
    return server.sockets[0].getsockname()[1]


def test_bytes_pass_split_and_late_but_unchanged():
    async def talk():
        server = await echo_server()
        async with server, LinkCut("127.0.0.1", port_of(server), seed=1, split_max=3, delay_s=0.001) as link:
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            sent = random.Random(1).randbytes(300)
            writer.write(sent)
            assert await asyncio.wait_for(reader.readexactly(300), 10) == sent
            writer.close()

    asyncio.run(talk())


def test_a_cut_ends_links_and_refuses_new_ones_until_it_is_over():
    async def talk():
        server = await echo_server()
        async with server, LinkCut("127.0.0.1", port_of(server)) as link:
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(b"x")
            assert await asyncio.wait_for(reader.read(1), 10) == b"x"
            link.start()
            assert link.links_cut == 1
            with pytest.raises(ConnectionError):
                assert await asyncio.wait_for(reader.read(1), 10) == b""
                raise ConnectionError("an orderly end is a cut too")
            refused, _ = await asyncio.open_connection("127.0.0.1", link.port)
            with pytest.raises(ConnectionError):
                assert await asyncio.wait_for(refused.read(1), 10) == b""
                raise ConnectionError("an orderly end is a cut too")
            link.stop()
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(b"y")
            assert await asyncio.wait_for(reader.read(1), 10) == b"y"

    asyncio.run(talk())


def test_a_log_on_tearing_flash_keeps_every_record_that_it_confirmed():
    chance = random.Random(5)
    files = TearingFiles(chance, every_bytes=400)
    kept = {}
    log = boot(files)
    for number in range(1_000):
        body = number.to_bytes(4, "big") * 8
        try:
            sequence = log.append(body, len(body))
            if sequence:
                kept[sequence] = body
        except PowerFailed:
            log = boot(files)
    assert files.torn > 50
    buffer = bytearray(80)
    for sequence, body in kept.items():
        assert bytes(buffer[: log.read(sequence, buffer)]) == body


def test_without_a_limit_the_power_lasts():
    files = TearingFiles(random.Random(1), 0)
    files.open("a", True).write(bytes(10_000))
    assert files.strikes == 0


def boot(files):
    while True:
        try:
            return RecordLog(files, 2_000)
        except PowerFailed:
            continue
