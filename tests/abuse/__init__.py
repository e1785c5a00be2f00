"""Peers that mean no good, beside terminals that do: the others' service does not suffer.

`crowd` has both, as coroutines over real sockets; the tests look at answers, memory, counters and the log,
the bench at the time that good terminals wait. No test here measures time.
"""
