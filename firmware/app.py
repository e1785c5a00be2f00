"""The loop: wait, hand in what came, hand out what is to go. It decides nothing."""

WAIT_MAX_MS = 1000


def run(board):
    """Serves the terminal until the power goes."""
    terminal = board.terminal
    busy = False  # whether the screen has more to draw: a slice in every turn, so that nobody waits for it
    while True:
        deadline_ms = terminal.next_deadline_ms()
        if board.screen is not None:
            deadline_ms = board.screen.deadline_ms(deadline_ms)
        if board.inputs is not None:  # pins, keys, the modem: what poll does not tell of
            deadline_ms = board.inputs.deadline_ms(deadline_ms)
        wait_ms = 0 if busy else deadline_ms - board.now_ms()
        events = board.poll.ipoll(max(0, min(wait_ms, WAIT_MAX_MS)))
        now_ms = board.now_ms()
        for event in events:
            if board.link.owns(event[0]):
                board.link.on_event(terminal, event[1], now_ms)
            else:
                terminal.feed_gnss(board.uart.buffer, board.uart.read(event[1], now_ms), now_ms)
        terminal.tick(now_ms)
        if board.uart is not None:
            board.uart.serve(now_ms)
        if board.inputs is not None:
            board.inputs.serve(terminal, now_ms)
        board.link.serve(terminal, now_ms)
        if board.screen is not None:
            terminal.view.link = terminal.online
            terminal.view.fix = terminal.nmea.fix.valid
            busy = board.screen.work(now_ms)
        if board.trace is not None:
            board.trace.look(now_ms)
