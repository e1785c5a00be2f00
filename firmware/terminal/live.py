"""What the parameters mean to the running terminal: how settings become parameters and parameters settings.

For the page `parameters` alone; not of the resident program.
"""

from protocols.wire.header import EDITION_2019
from protocols.wire.pages import ids

# Parameters whose value is a setting, as id and name of it. Those of the connection come apart, below.
_SAME = (
    (ids.PARAMETER_HEARTBEAT_INTERVAL_S, "heartbeat_s"),
    (ids.PARAMETER_CORNER_ANGLE_DEG, "turn_deg"),
    (ids.PARAMETER_PROVINCE, "province"),
    (ids.PARAMETER_CITY, "city"),
    (ids.PARAMETER_PLATE, "plate"),
    (ids.PARAMETER_PLATE_COLOUR, "plate_colour"),
)
_IDENTITY = (
    ids.PARAMETER_PROVINCE,
    ids.PARAMETER_CITY,
    ids.PARAMETER_PLATE,
    ids.PARAMETER_PLATE_COLOUR,
)
_SERVERS = (
    ids.PARAMETER_MAIN_ADDRESS,
    ids.PARAMETER_BACKUP_ADDRESS,
    ids.PARAMETER_SERVER_TCP_PORT,
    ids.PARAMETER_SERVER_UDP_PORT,
)
# Of the four modes of the reporter: default, nobody logged in, asleep, emergency.
_INTERVALS = (
    ids.PARAMETER_DEFAULT_INTERVAL_S,
    ids.PARAMETER_NO_DRIVER_INTERVAL_S,
    ids.PARAMETER_SLEEP_INTERVAL_S,
    ids.PARAMETER_EMERGENCY_INTERVAL_S,
)
_DISTANCES = (
    ids.PARAMETER_DEFAULT_DISTANCE_M,
    ids.PARAMETER_NO_DRIVER_DISTANCE_M,
    ids.PARAMETER_SLEEP_DISTANCE_M,
    ids.PARAMETER_EMERGENCY_DISTANCE_M,
)
BY_TIME = 0
BY_DISTANCE = 1
NEVER_S = 86400  # by distance alone: once a day all the same, so that nobody is taken for lost

# What holds as long as the platform says nothing: common limits for trucks, not those of the standard's text.
_LIMITS = (
    (ids.PARAMETER_MAX_SPEED_KMH, 100),
    (ids.PARAMETER_OVERSPEED_DURATION_S, 10),
    (ids.PARAMETER_OVERSPEED_MARGIN_DKMH, 50),
    (ids.PARAMETER_CONTINUOUS_DRIVING_LIMIT_S, 14400),
    (ids.PARAMETER_DAILY_DRIVING_LIMIT_S, 28800),
    (ids.PARAMETER_MIN_REST_S, 1200),
    (ids.PARAMETER_FATIGUE_MARGIN_S, 1800),
    (ids.PARAMETER_ROLLOVER_ANGLE_DEG, 30),
    (ids.PARAMETER_GNSS_MODE, 3),
    (ids.PARAMETER_GNSS_OUTPUT_RATE, 1),
    (ids.PARAMETER_GNSS_COLLECT_PERIOD_S, 1),
)


def defaults(settings):
    """The parameters that the settings amount to, by id."""
    values = dict(_LIMITS)
    for parameter_id, name in _SAME:
        values[parameter_id] = getattr(settings, name)
    values[ids.PARAMETER_TCP_ANSWER_TIMEOUT_S] = values[ids.PARAMETER_UDP_ANSWER_TIMEOUT_S] = (
        settings.answer_timeout_s
    )
    values[ids.PARAMETER_TCP_RETRANSMISSIONS] = values[ids.PARAMETER_UDP_RETRANSMISSIONS] = (
        settings.retransmissions
    )
    values[ids.PARAMETER_REPORT_STRATEGY] = 2 if settings.distance_m else BY_TIME
    for mode in range(len(_INTERVALS)):
        values[_INTERVALS[mode]] = settings.intervals_s[mode]
        values[_DISTANCES[mode]] = settings.distances_m[mode]
    for at in range(min(2, len(settings.provisioned))):
        host, port = settings.provisioned[at]
        values[_SERVERS[at]] = host.encode() + (b":%d" % port if settings.edition == EDITION_2019 else b"")
    values[ids.PARAMETER_SERVER_UDP_PORT if settings.udp else ids.PARAMETER_SERVER_TCP_PORT] = (
        settings.provisioned[0][1]
    )
    return values


def apply(terminal, changed, now_ms):
    """Puts these parameters in force; a new server or a new plate ends the session, after the answer."""
    settings = terminal.settings
    number = terminal.parameters.number
    for parameter_id, name in _SAME:
        if parameter_id in changed:
            setattr(settings, name, terminal.parameters.values[parameter_id])
    settings.answer_timeout_s = number(
        ids.PARAMETER_UDP_ANSWER_TIMEOUT_S if settings.udp else ids.PARAMETER_TCP_ANSWER_TIMEOUT_S
    )
    settings.retransmissions = number(
        ids.PARAMETER_UDP_RETRANSMISSIONS if settings.udp else ids.PARAMETER_TCP_RETRANSMISSIONS
    )
    strategy = number(ids.PARAMETER_REPORT_STRATEGY)
    settings.by_login = number(ids.PARAMETER_REPORT_SCHEME)
    settings.intervals_s = tuple(
        [NEVER_S if strategy == BY_DISTANCE else max(1, number(each)) for each in _INTERVALS]
    )
    settings.distances_m = tuple([0 if strategy == BY_TIME else number(each) for each in _DISTANCES])
    if _touches(_SERVERS, changed):
        settings.servers = _servers(terminal.parameters, settings)
        terminal.reconnect_later(now_ms)
    if _touches(_IDENTITY, changed) and now_ms >= 0:
        terminal.session.forget_code()
        terminal.reconnect_later(now_ms)


def _touches(ids_of_interest, changed):
    for each in ids_of_interest:
        if each in changed:
            return True
    return False


def _servers(parameters, settings):
    """(host, port), main first. Those that the terminal was provisioned with come last: a wrong address in a
    parameter must not part it from everybody for good.
    """
    port = parameters.number(ids.PARAMETER_SERVER_UDP_PORT if settings.udp else ids.PARAMETER_SERVER_TCP_PORT)
    port = port or settings.provisioned[0][1]
    servers = []
    for parameter_id in _SERVERS[:2]:
        for address in parameters.text(parameter_id).split(b";"):
            host, _, own_port = address.partition(b":")
            if host and (not own_port or own_port.isdigit()):
                servers.append((host.decode(), int(own_port) if own_port else port))
    for server in settings.provisioned:
        if server not in servers:
            servers.append(server)
    return servers
