"""Figures, not tests: `make bench` prints a table and leaves JSON in build/bench.

Everything that is compared runs in one call, in turn, several times; medians are shown. Machines are noisy:
read the ratios, not single numbers. Nothing here fails a build.
"""
