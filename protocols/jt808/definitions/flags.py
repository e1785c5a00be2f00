"""Every named bit of the alarm and status words of 0x0200.

When alarm bits 12–14, 30 and 31 came is confidence B; 2013 is taken.
"""

from construct import Int32ub

from .types import Bit, BitGroup, Flags

ALARM = Flags(
    Int32ub,
    Bit(0, "emergency", "紧急报警", until_answered=True),
    Bit(1, "overspeed", "超速报警"),
    Bit(2, "fatigue", "疲劳驾驶"),
    Bit(3, "danger", "危险预警", until_answered=True),  # 2019: dangerous driving behaviour 危险驾驶行为
    Bit(4, "gnss_fault", "GNSS模块发生故障"),
    Bit(5, "gnss_antenna_open", "GNSS天线未接或被剪断"),
    Bit(6, "gnss_antenna_short", "GNSS天线短路"),
    Bit(7, "power_low", "终端主电源欠压"),
    Bit(8, "power_lost", "终端主电源掉电"),
    Bit(9, "display_fault", "终端LCD或显示器故障"),
    Bit(10, "tts_fault", "TTS模块故障"),
    Bit(11, "camera_fault", "摄像头故障"),
    Bit(12, "ic_card_fault", "道路运输证IC卡模块故障", 2013),
    Bit(13, "overspeed_warning", "超速预警", 2013),
    Bit(14, "fatigue_warning", "疲劳驾驶预警", 2013),
    Bit(15, "forbidden_driving", "违规行驶", 2019),
    Bit(16, "tyre_pressure_warning", "胎压预警", 2019),
    Bit(17, "right_turn_blind_spot", "右转盲区异常", 2019),
    Bit(18, "driving_time_exceeded", "当天累计驾驶超时"),
    Bit(19, "parking_time_exceeded", "超时停车"),
    Bit(20, "area_crossed", "进出区域", until_answered=True),
    Bit(21, "route_crossed", "进出路线", until_answered=True),
    Bit(22, "section_time", "路段行驶时间不足/过长", until_answered=True),
    Bit(23, "route_deviation", "路线偏离报警"),
    Bit(24, "vss_fault", "车辆VSS故障"),
    Bit(25, "fuel_abnormal", "车辆油量异常"),
    Bit(26, "stolen", "车辆被盗"),
    Bit(27, "illegal_ignition", "车辆非法点火", until_answered=True),
    Bit(28, "illegal_displacement", "车辆非法位移", until_answered=True),
    Bit(29, "collision", "碰撞预警"),  # 2011 and 2019 call it an alarm, 2013 a pre-warning
    Bit(30, "rollover", "侧翻预警", 2013),
    Bit(31, "illegal_door_opening", "非法开门报警", 2013, until_answered=True),
)

STATUS = Flags(
    Int32ub,
    Bit(0, "acc_on", "ACC开"),
    Bit(1, "fixed", "定位"),
    Bit(2, "south", "南纬"),
    Bit(3, "west", "西经"),
    Bit(4, "out_of_service", "停运状态"),
    Bit(5, "plugin_altered", "经纬度已经保密插件加密"),
    Bit(6, "collision_braking_warning", "紧急刹车系统采集的前撞预警", 2019),
    Bit(7, "lane_departure_warning", "车道偏移预警", 2019),
    BitGroup(
        8,
        2,
        "load",
        "载重",
        (("load_half", "半载"), ("load_reserved", "保留"), ("load_full", "满载")),
        2013,
    ),
    Bit(10, "fuel_cut", "车辆油路断开"),
    Bit(11, "electrics_cut", "车辆电路断开"),
    Bit(12, "door_locked", "车门加锁"),
    Bit(13, "front_door_open", "门1开（前门）", 2013),
    Bit(14, "middle_door_open", "门2开（中门）", 2013),
    Bit(15, "rear_door_open", "门3开（后门）", 2013),
    Bit(16, "driver_door_open", "门4开（驾驶席门）", 2013),
    Bit(17, "custom_door_open", "门5开（自定义）", 2013),
    Bit(18, "gps_used", "使用GPS卫星进行定位", 2013),
    Bit(19, "bds_used", "使用北斗卫星进行定位", 2013),
    Bit(20, "glonass_used", "使用GLONASS卫星进行定位", 2013),
    Bit(21, "galileo_used", "使用Galileo卫星进行定位", 2013),
    Bit(22, "moving", "车辆处于行驶状态", 2019),
)
