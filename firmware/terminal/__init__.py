"""The terminal's cores: bytes, events and `now_ms` in, bytes and deadlines out. They run on
MicroPython and CPython alike.

Must not touch a socket, a clock, a file system or a UART: those come in as ports. No floats.
"""
