"""The desk: MicroPython's unix port. A tty is the UART, a file is the flash, a socket is the modem."""
