"""The tester's world: virtual trucks, real firmware on a desk, faults, a virtual authority, the ledger.

Starts the gateway as a user would, as a process, and never imports it. Nothing here is needed to run the
product, and nobody imports this package but its own command and the tests.
"""
