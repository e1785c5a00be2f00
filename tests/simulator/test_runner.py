"""The loop around a fleet: connections that come at the wrong moment."""

import asyncio

from simulator.fleet.events import FleetLog
from simulator.fleet.routes import built_in_routes
from simulator.fleet.runner import Clock, TruckLink, wait_until
from simulator.fleet.scenario import Options, plan_fleet
from simulator.fleet.truck import Truck


def test_a_power_cut_while_it_connects_leaves_no_dead_link():
    async def live():
        faults = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        options = Options(trucks=1, seconds=60)
        plan = plan_fleet(1, options, built_in_routes()).plans[0]
        truck = Truck(plan, options, [server.sockets[0].getsockname()[:2]], FleetLog())
        link = TruckLink(truck, Clock())
        link.advance()
        assert link._connecting is not None
        link.power_cut()  # the connection completes, and nobody has asked for it any more
        assert await wait_until(lambda: truck.terminal.state == "registering", 10)
        assert not faults, faults
        await link.end()
        server.close()

    asyncio.run(live())
