"""Result codes of the responses. Values beyond these are read as numbers, never refused."""

from construct import Int8ub

from .types import Choice

GENERAL_RESULTS = {
    0: ("ok", "成功/确认"),
    1: ("failed", "失败"),
    2: ("bad_message", "消息有误"),
    3: ("unsupported", "不支持"),
}

RESULT_OF_TERMINAL = Choice(Int8ub, GENERAL_RESULTS)

# Only the platform confirms alarms (0x8001).
RESULT_OF_PLATFORM = Choice(Int8ub, {**GENERAL_RESULTS, 4: ("alarm_confirmed", "报警处理确认")})

RESULT_OF_REGISTRATION = Choice(
    Int8ub,
    {
        0: ("ok", "成功"),
        1: ("vehicle_already_registered", "车辆已被注册"),
        2: ("vehicle_unknown", "数据库中无该车辆"),
        3: ("terminal_already_registered", "终端已被注册"),
        4: ("terminal_unknown", "数据库中无该终端"),
    },
)
