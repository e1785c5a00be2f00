"""One worker as its supervisor holds it: what keeps it from being started costs nobody else."""

import asyncio

from edge_gateway.supervisor.child import Child

DEADLINE_S = 20
NO_FILE = 1 << 20  # a number that no open file has


def test_a_worker_that_the_system_cannot_start_is_tried_again():
    """An open file that is none: fork and exec give an error, as they do without memory."""

    async def drive():
        tries, tried = [], asyncio.Event()

        def told():
            tries.append(child.starts)
            if len(tries) == 3:
                tried.set()
            return {}, [NO_FILE]

        child = Child(0, told, lambda said, blob: None, lambda: None)
        keeping = asyncio.create_task(child.keep())
        waiting = asyncio.create_task(tried.wait())
        await asyncio.wait([keeping, waiting], timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
        assert tries == [0, 0, 0], keeping
        assert not keeping.done()
        await child.end()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(drive())
