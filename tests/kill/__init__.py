"""Crashes, cuts and power failures on the whole road under load: nothing lost, nothing twice.

Every test prints its seed; `KILL_SEED=n` repeats one. `make soak` runs all faults at once for SOAK_SECONDS.
"""
