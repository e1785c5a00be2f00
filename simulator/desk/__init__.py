"""Real firmware on a desk: MicroPython runs the compiled terminal, a null modem of two ptys is its GNSS UART.

Must not know the terminal's inside: it feeds bytes, cuts the power, and reads the trace.
"""
