"""ESP32-S3 with a modem that speaks PPP: sockets are the system's own. Ports and wiring only.

unverified: no board was at hand; tried with stand-ins for `machine` and `network` only (docs/boards.md).
"""
