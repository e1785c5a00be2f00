"""Areas and routes that the platform gives to the terminal: set, deleted, asked for."""

from construct import Int8ub, Int16ub, Int32ub, Struct

from .shapes import IfBit, Repeat
from .types import Bit, Choice, CountedText, Flags, Message, PeriodBcd, Raw, clause, in_every_edition

_BY_TIME = 0
_LIMITED = 1
_LIMITED_SECTION = 1

_ROUTE_BITS = (
    Bit(_BY_TIME, "by_time", "根据时间"),
    Bit(2, "enter_alarm_driver", "进报警给驾驶员"),
    Bit(3, "enter_alarm_platform", "进报警给平台"),
    Bit(4, "leave_alarm_driver", "出报警给驾驶员"),
    Bit(5, "leave_alarm_platform", "出报警给平台"),
)

_AREA_ATTRIBUTES = Flags(
    Int16ub,
    *_ROUTE_BITS,
    Bit(_LIMITED, "speed_limit", "限速"),
    Bit(6, "south", "南纬"),
    Bit(7, "west", "西经"),
    Bit(8, "doors_forbidden", "禁止开门"),
    Bit(14, "communication_off", "进区域关闭通信模块"),
    Bit(15, "gnss_detail", "进区域采集GNSS详细定位数据"),
)

_ROUTE_ATTRIBUTES = Flags(Int16ub, *_ROUTE_BITS)

# Which hemisphere bit 2 means is printed the wrong way round in one rendering of the text (confidence D).
_SECTION_ATTRIBUTES = Flags(
    Int8ub,
    Bit(0, "driving_time", "行驶时间"),
    Bit(_LIMITED_SECTION, "speed_limit", "限速"),
    Bit(2, "south", "南纬"),
    Bit(3, "west", "西经"),
)

_SETTING = Choice(Int8ub, {0: ("replace", "更新区域"), 1: ("append", "追加区域"), 2: ("modify", "修改区域")})

_PERIOD = (
    "start_bcd" / IfBit("attributes", _BY_TIME, PeriodBcd()) * "起始时间",
    "end_bcd" / IfBit("attributes", _BY_TIME, PeriodBcd()) * "结束时间",
)
_SPEED = (
    "max_speed_kmh" / IfBit("attributes", _LIMITED, Int16ub) * "最高速度",
    "overspeed_s" / IfBit("attributes", _LIMITED, Int8ub) * "超速持续时间",
)
_NIGHT_SPEED = "night_max_speed_kmh" / IfBit("attributes", _LIMITED, Int16ub) * "夜间最高速度"
_NAME = "name" / CountedText(Int16ub) * "名称"

_CIRCLE_FIELDS = (
    "id" / Int32ub * "区域ID",
    "attributes" / _AREA_ATTRIBUTES * "区域属性",
    "latitude_udeg" / Int32ub * "中心点纬度",
    "longitude_udeg" / Int32ub * "中心点经度",
    "radius_m" / Int32ub * "半径",
    *_PERIOD,
    *_SPEED,
)

_RECTANGLE_FIELDS = (
    "id" / Int32ub * "区域ID",
    "attributes" / _AREA_ATTRIBUTES * "区域属性",
    "upper_left_latitude_udeg" / Int32ub * "左上点纬度",
    "upper_left_longitude_udeg" / Int32ub * "左上点经度",
    "lower_right_latitude_udeg" / Int32ub * "右下点纬度",
    "lower_right_longitude_udeg" / Int32ub * "右下点经度",
    *_PERIOD,
    *_SPEED,
)

_VERTEX = Struct("latitude_udeg" / Int32ub * "顶点纬度", "longitude_udeg" / Int32ub * "顶点经度")

_POLYGON = Struct(
    "id" / Int32ub * "区域ID",
    "attributes" / _AREA_ATTRIBUTES * "区域属性",
    *_PERIOD,
    *_SPEED,
    "vertex_count" / Int16ub * "区域总顶点数",
    "vertices" / Repeat("vertex_count", _VERTEX) * "顶点项",
)
_POLYGON_2019 = Struct(*_POLYGON.subcons, _NIGHT_SPEED, _NAME)

_POINT_FIELDS = (
    "point_id" / Int32ub * "拐点ID",
    "section_id" / Int32ub * "路段ID",
    "latitude_udeg" / Int32ub * "拐点纬度",
    "longitude_udeg" / Int32ub * "拐点经度",
    "width_m" / Int8ub * "路段宽度",
    "attributes" / _SECTION_ATTRIBUTES * "路段属性",
    "too_long_s" / IfBit("attributes", 0, Int16ub) * "路段行驶过长阈值",
    "too_short_s" / IfBit("attributes", 0, Int16ub) * "路段行驶不足阈值",
    "max_speed_kmh" / IfBit("attributes", _LIMITED_SECTION, Int16ub) * "路段最高速度",
    "overspeed_s" / IfBit("attributes", _LIMITED_SECTION, Int8ub) * "路段超速持续时间",
)
_POINT = Struct(*_POINT_FIELDS)
_POINT_2019 = Struct(*_POINT_FIELDS, _NIGHT_SPEED)


def _areas(element: Struct) -> Struct:
    return Struct(
        "setting" / _SETTING * "设置属性",
        "count" / Int8ub * "区域总数",
        "areas" / Repeat("count", element) * "区域项",
    )


def _route(point: Struct) -> tuple:
    return (
        "id" / Int32ub * "路线ID",
        "attributes" / _ROUTE_ATTRIBUTES * "路线属性",
        *_PERIOD,
        "point_count" / Int16ub * "路线总拐点数",
        "points" / Repeat("point_count", point) * "拐点项",
    )


# Count 0 deletes all.
_DELETION = Struct("count" / Int8ub * "区域数", "ids" / Repeat("count", Int32ub) * "区域ID")

_TYPES = Choice(
    Int8ub,
    {
        1: ("circle", "圆形区域"),
        2: ("rectangle", "矩形区域"),
        3: ("polygon", "多边形区域"),
        4: ("route", "线路"),
    },
)

# Count 0 asks for all.
_QUERY = Struct(
    "type" / _TYPES * "查询类型", "count" / Int32ub * "数量", "ids" / Repeat("count", Int32ub) * "ID列表"
)

# The settings follow in the layouts of their set messages; whether with setting and count or without is
# unresolved (confidence D), so they stay raw.
_ANSWER = Struct(
    "type" / _TYPES * "查询类型", "count" / Int32ub * "数量", "settings" / Raw() * "区域或线路数据"
)


def _deletion(message_id: int, name: str, chinese: str, section: int) -> Message:
    return Message(message_id, name, chinese, "down", 0x0001, clause(section), in_every_edition(_DELETION))


MESSAGES = (
    Message(
        0x8600,
        "CircleSetting",
        "设置圆形区域",
        "down",
        0x0001,
        clause(35),
        in_every_edition(
            _areas(Struct(*_CIRCLE_FIELDS)),
            since_2019=_areas(Struct(*_CIRCLE_FIELDS, _NIGHT_SPEED, _NAME)),
        ),
    ),
    _deletion(0x8601, "CircleDeletion", "删除圆形区域", 36),
    Message(
        0x8602,
        "RectangleSetting",
        "设置矩形区域",
        "down",
        0x0001,
        clause(37),
        in_every_edition(
            _areas(Struct(*_RECTANGLE_FIELDS)),
            since_2019=_areas(Struct(*_RECTANGLE_FIELDS, _NIGHT_SPEED, _NAME)),
        ),
    ),
    _deletion(0x8603, "RectangleDeletion", "删除矩形区域", 38),
    Message(
        0x8604,
        "PolygonSetting",
        "设置多边形区域",
        "down",
        0x0001,
        clause(39),
        in_every_edition(_POLYGON, since_2019=_POLYGON_2019),
    ),
    _deletion(0x8605, "PolygonDeletion", "删除多边形区域", 40),
    Message(
        0x8606,
        "RouteSetting",
        "设置路线",
        "down",
        0x0001,
        clause(41),
        in_every_edition(Struct(*_route(_POINT)), since_2019=Struct(*_route(_POINT_2019), _NAME)),
    ),
    _deletion(0x8607, "RouteDeletion", "删除路线", 42),
    Message(
        0x8608, "AreaQuery", "查询区域或线路数据", "down", 0x0608, "unverified: JT/T 808-2019", {2019: _QUERY}
    ),
    Message(
        0x0608,
        "AreaQueryResponse",
        "查询区域或线路数据应答",
        "up",
        None,
        "unverified: JT/T 808-2019",
        {2019: _ANSWER},
    ),
)
