"""RP2040 and RP2350 with a modem that keeps the TCP stack (AT+CIPOPEN …). Ports and wiring only.

unverified: no board was at hand; tried with a stand-in for `machine` only (docs/boards.md).
"""
