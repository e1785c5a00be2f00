"""Every terminal parameter of 0x8103 and 0x0104 by id and length. Anything else stays raw bytes.

The structured parameters of JT/T 1078 (0x0075 to 0x007C) and of T/JSATL 12 (0xF364 to 0xF367) have names
here and no layout: their tables were not at hand.
"""

from construct import Construct, Int8ub, Int16ub, Int32ub, Struct

from .access import PLATE_COLOURS
from .can import CAN_ID
from .flags import ALARM
from .tagged import Item
from .types import Bit, BitNumber, Choice, Flags, Text

_CAMERA = Flags(
    Int32ub,
    *(Bit(number, f"channel_{number + 1}", f"摄像通道{number + 1}拍照开关") for number in range(5)),
    *(
        Bit(number + 8, f"channel_{number + 1}_upload", f"摄像通道{number + 1}拍照上传")
        for number in range(5)
    ),
    Bit(16, "longer_unit", "时间单位分/距离单位公里"),  # minutes or kilometres, else seconds or metres
    numbers=(BitNumber(17, 15, "interval", "定时时间间隔/定距距离间隔"),),
)

_COLLISION = Flags(
    Int16ub,
    numbers=(
        BitNumber(0, 8, "time_4ms", "碰撞时间"),
        BitNumber(8, 8, "acceleration_100mg", "碰撞加速度"),  # 0–79, 10 unless set
    ),
)

_GNSS_MODE = Flags(
    Int8ub,
    Bit(0, "gps", "启用GPS定位"),
    Bit(1, "bds", "启用北斗定位"),
    Bit(2, "glonass", "启用GLONASS定位"),
    Bit(3, "galileo", "启用Galileo定位"),
)

_DAILY_PERIOD = Struct(
    "start_hour" / Int8ub * "开始小时",
    "start_minute" / Int8ub * "开始分钟",
    "end_hour" / Int8ub * "结束小时",
    "end_minute" / Int8ub * "结束分钟",
)

_CAN_COLLECTION = Struct("period_ms" / Int32ub * "采集时间间隔", "can_id" / CAN_ID * "CAN总线ID")

_REPORT_STRATEGIES = {0: ("time", "定时汇报"), 1: ("distance", "定距汇报"), 2: ("both", "定时和定距汇报")}
_REPORT_SCHEMES = {0: ("acc", "根据ACC状态"), 1: ("login_then_acc", "根据登录状态和ACC状态")}
_BAUDS = {index: (str(baud), "") for index, baud in enumerate((4800, 9600, 19200, 38400, 57600, 115200))}
_OUTPUT_RATES = {
    0: ("500_ms", ""),
    1: ("1000_ms", ""),
    2: ("2000_ms", ""),
    3: ("3000_ms", ""),
    4: ("4000_ms", ""),
}
_DETAIL_UPLOADS = {
    0x00: ("none", "本地存储，不上传"),
    0x01: ("by_time", "按时间间隔上传"),
    0x02: ("by_distance", "按距离间隔上传"),
    0x0B: ("by_accumulated_time", "按累计时间上传"),
    0x0C: ("by_accumulated_distance", "按累计距离上传"),
    0x0D: ("by_accumulated_count", "按累计条数上传"),
}

# What came when is confidence C from 0x001A on; the reader does not depend on it.
_2013 = 2013
_2019 = 2019
_1078 = 1078
_JSATL = 12


def _number(item_id: int, name: str, chinese: str, layout: Construct = Int32ub, since: int = 2011) -> Item:
    return Item(item_id, name, chinese, (layout,), since)


def _text(item_id: int, name: str, chinese: str, since: int = 2011) -> Item:
    return Item(item_id, name, chinese, (Text(),), since)


def _unread(item_id: int, name: str, chinese: str, since: int) -> Item:
    return Item(item_id, name, chinese, (), since)


PARAMETERS = (
    _number(0x0001, "heartbeat_interval_s", "终端心跳发送间隔"),
    _number(0x0002, "tcp_answer_timeout_s", "TCP消息应答超时时间"),
    _number(0x0003, "tcp_retransmissions", "TCP消息重传次数"),
    _number(0x0004, "udp_answer_timeout_s", "UDP消息应答超时时间"),
    _number(0x0005, "udp_retransmissions", "UDP消息重传次数"),
    _number(0x0006, "sms_answer_timeout_s", "SMS消息应答超时时间"),
    _number(0x0007, "sms_retransmissions", "SMS消息重传次数"),
    _text(0x0010, "main_apn", "主服务器APN"),
    _text(0x0011, "main_user", "主服务器无线通信拨号用户名"),
    _text(0x0012, "main_password", "主服务器无线通信拨号密码"),
    _text(0x0013, "main_address", "主服务器地址"),  # 2019: host:port;host:port
    _text(0x0014, "backup_apn", "备份服务器APN"),
    _text(0x0015, "backup_user", "备份服务器无线通信拨号用户名"),
    _text(0x0016, "backup_password", "备份服务器无线通信拨号密码"),
    _text(0x0017, "backup_address", "备份服务器地址"),
    _number(0x0018, "server_tcp_port", "服务器TCP端口"),  # reserved in 2019
    _number(0x0019, "server_udp_port", "服务器UDP端口"),  # reserved in 2019
    _text(0x001A, "card_server_address", "道路运输证IC卡认证主服务器地址", _2013),
    _number(0x001B, "card_server_tcp_port", "道路运输证IC卡认证主服务器TCP端口", since=_2013),
    _number(0x001C, "card_server_udp_port", "道路运输证IC卡认证主服务器UDP端口", since=_2013),
    _text(0x001D, "card_server_backup_address", "道路运输证IC卡认证备份服务器地址", _2013),
    _number(0x0020, "report_strategy", "位置汇报策略", Choice(Int32ub, _REPORT_STRATEGIES)),
    _number(0x0021, "report_scheme", "位置汇报方案", Choice(Int32ub, _REPORT_SCHEMES)),
    _number(0x0022, "no_driver_interval_s", "驾驶员未登录汇报时间间隔"),
    _text(0x0023, "slave_apn", "从服务器APN", _2019),
    _text(0x0024, "slave_user", "从服务器无线通信拨号用户名", _2019),
    _text(0x0025, "slave_password", "从服务器无线通信拨号密码", _2019),
    _text(0x0026, "slave_address", "从服务器地址", _2019),
    _number(0x0027, "sleep_interval_s", "休眠时汇报时间间隔"),
    _number(0x0028, "emergency_interval_s", "紧急报警时汇报时间间隔"),
    _number(0x0029, "default_interval_s", "缺省时间汇报间隔"),
    _number(0x002C, "default_distance_m", "缺省距离汇报间隔"),
    _number(0x002D, "no_driver_distance_m", "驾驶员未登录汇报距离间隔"),
    _number(0x002E, "sleep_distance_m", "休眠时汇报距离间隔"),
    _number(0x002F, "emergency_distance_m", "紧急报警时汇报距离间隔"),
    _number(0x0030, "corner_angle_deg", "拐点补传角度"),
    _number(0x0031, "fence_radius_m", "电子围栏半径", Int16ub, _2013),
    _number(0x0032, "forbidden_period", "违规行驶时段范围", _DAILY_PERIOD, _2019),
    _text(0x0040, "platform_phone", "监控平台电话号码"),
    _text(0x0041, "reset_phone", "复位电话号码"),
    _text(0x0042, "factory_reset_phone", "恢复出厂设置电话号码"),
    _text(0x0043, "platform_sms_number", "监控平台SMS电话号码"),
    _text(0x0044, "sms_alarm_number", "接收终端SMS文本报警号码"),
    _number(0x0045, "answer_policy", "终端电话接听策略"),
    _number(0x0046, "call_limit_s", "每次最长通话时间"),  # 0 none, 0xFFFFFFFF unlimited
    _number(0x0047, "monthly_call_limit_s", "当月最长通话时间"),  # 0 none, 0xFFFFFFFF unlimited
    _text(0x0048, "listen_in_number", "监听电话号码"),
    _text(0x0049, "privileged_sms_number", "监管平台特权短信号码", _2013),
    _number(0x0050, "alarm_mask", "报警屏蔽字", ALARM),
    _number(0x0051, "alarm_sms_switch", "报警发送文本SMS开关", ALARM),
    _number(0x0052, "alarm_camera_switch", "报警拍摄开关", ALARM),
    _number(0x0053, "alarm_picture_storage", "报警拍摄存储标志", ALARM),
    _number(0x0054, "key_alarm_mask", "关键标志", ALARM),
    _number(0x0055, "max_speed_kmh", "最高速度"),
    _number(0x0056, "overspeed_duration_s", "超速持续时间"),
    _number(0x0057, "continuous_driving_limit_s", "连续驾驶时间门限"),
    _number(0x0058, "daily_driving_limit_s", "当天累计驾驶时间门限"),
    _number(0x0059, "min_rest_s", "最小休息时间"),
    _number(0x005A, "max_parking_s", "最长停车时间"),
    _number(0x005B, "overspeed_margin_dkmh", "超速预警差值", Int16ub, _2013),
    _number(0x005C, "fatigue_margin_s", "疲劳驾驶预警差值", Int16ub, _2013),
    _number(0x005D, "collision_settings", "碰撞报警参数", _COLLISION, _2013),
    _number(0x005E, "rollover_angle_deg", "侧翻报警参数", Int16ub, _2013),
    _number(0x0064, "timed_photos", "定时拍照控制", _CAMERA, _2013),
    _number(0x0065, "distance_photos", "定距拍照控制", _CAMERA, _2013),
    _number(0x0070, "picture_quality", "图像/视频质量"),
    _number(0x0071, "brightness", "亮度"),
    _number(0x0072, "contrast", "对比度"),
    _number(0x0073, "saturation", "饱和度"),
    _number(0x0074, "chroma", "色度"),
    _unread(0x0075, "video_settings", "音视频参数设置", _1078),
    _unread(0x0076, "video_channel_table", "音视频通道列表设置", _1078),
    _unread(0x0077, "video_channel_settings", "单独视频通道参数设置", _1078),
    _unread(0x0079, "special_alarm_recording", "特殊报警录像参数设置", _1078),
    _unread(0x007A, "video_alarm_mask", "视频相关报警屏蔽字", _1078),
    _unread(0x007B, "image_analysis", "图像分析报警参数设置", _1078),
    _unread(0x007C, "sleep_wake", "终端休眠唤醒模式设置", _1078),
    _number(0x0080, "odometer_dkm", "车辆里程表读数"),
    _number(0x0081, "province", "车辆所在的省域ID", Int16ub),
    _number(0x0082, "city", "车辆所在的市域ID", Int16ub),
    _text(0x0083, "plate", "机动车号牌"),
    _number(0x0084, "plate_colour", "车牌颜色", Choice(Int8ub, PLATE_COLOURS)),
    _number(0x0090, "gnss_mode", "GNSS定位模式", _GNSS_MODE, _2013),
    _number(0x0091, "gnss_baud", "GNSS波特率", Choice(Int8ub, _BAUDS), _2013),
    _number(0x0092, "gnss_output_rate", "GNSS模块详细定位数据输出频率", Choice(Int8ub, _OUTPUT_RATES), _2013),
    _number(0x0093, "gnss_collect_period_s", "GNSS模块详细定位数据采集频率", since=_2013),
    _number(0x0094, "gnss_detail_upload", "GNSS详细定位数据上传方式", Choice(Int8ub, _DETAIL_UPLOADS), _2013),
    _number(0x0095, "gnss_detail_upload_value", "GNSS详细定位数据上传设置", since=_2013),
    _number(0x0100, "can1_sample_ms", "CAN总线通道1采集时间间隔", since=_2013),
    _number(0x0101, "can1_upload_s", "CAN总线通道1上传时间间隔", Int16ub, _2013),
    _number(0x0102, "can2_sample_ms", "CAN总线通道2采集时间间隔", since=_2013),
    _number(0x0103, "can2_upload_s", "CAN总线通道2上传时间间隔", Int16ub, _2013),
    Item(0x0110, "can_collection", "CAN总线ID单独采集设置", (_CAN_COLLECTION,), _2013, last=0x01FF),
    _unread(0xF364, "adas_settings", "高级驾驶辅助系统参数", _JSATL),
    _unread(0xF365, "dsm_settings", "驾驶员状态监测系统参数", _JSATL),
    _unread(0xF366, "tpms_settings", "胎压监测系统参数", _JSATL),
    _unread(0xF367, "bsd_settings", "盲区监测系统参数", _JSATL),
)
