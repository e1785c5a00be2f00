"""What touches a board: one folder each, all with the same ports (UART, link, files, clock, random, trace).

Must not hold a rule of the protocol or of reporting: those are in `firmware.terminal`.
"""
