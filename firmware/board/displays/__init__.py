"""Displays with the screen's port, each only commands over a bus; and the desk's, which writes PNG files.

The port: `width`, `height`, `format` ("rgb565": two bytes a pixel, high first; "mono": a bit, 1 is ink),
`window(x, y, width, height)`, then `row(buffer)` for each row of it, `show(full)` when the picture is
complete (`full`: all of it was drawn); True from `show` asks for the same parts once more.

The bus: `command(code, data)` (data: bytes, b"" for none), `write(buffer)` more data of the last command,
`reset()`, `wait_ms(count)`, for e-paper also `wait_ready()`. Must not know what is drawn.

unverified: no controller was at hand; the commands are those of the data sheets, the tests play them.
"""
