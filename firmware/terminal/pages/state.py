"""The terminal's own state as text, a `name value` a line: for who looks for a fault from afar."""

TEXT_BYTES_MAX = 2048


def text(terminal, now_ms):
    """Counters first, the ring of errors behind them, the oldest first."""
    log = terminal.log
    mail = terminal.mail
    lines = [
        b"uptime_s %d" % (now_ms // 1000),
        b"version %s" % terminal.settings.software_version,
        b"boot_reason %s" % terminal.health.boot_reason,
        b"emitted %d" % terminal.emitted,
        b"volatile %d" % terminal.volatile,
        b"held %d" % log.held,
        b"dropped %d" % log.dropped,
        b"damaged %d" % log.damaged,
        b"flash_failures %d" % log.failures,
        b"flash_bytes_today %d" % terminal.health.written(log.written + mail.written),
        b"letters %d" % mail.held,
        b"letters_full %d" % mail.full,
        b"connections %d" % terminal.session.connections,
        b"sentences_refused %d" % terminal.nmea.refused,
    ]
    return b"\n".join(lines + terminal.health.errors())[:TEXT_BYTES_MAX]
