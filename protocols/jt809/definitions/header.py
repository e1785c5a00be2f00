"""The header of JT/T 809: 22 bytes, 30 in 2019."""

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

_FIELDS = (
    "length" / Int32ub * "数据长度",  # of the whole packet before escaping, both flags and the CRC included
    "serial" / Int32ub * "报文序列号",
    "message_id" / Int16ub * "业务数据类型",
    "access_code" / Int32ub * "下级平台接入码",
    "version" / Bytes(3) * "协议版本号标识",
    "encrypted" / Int8ub * "报文加密标识位",
    "key" / Int32ub * "数据加密的密钥",
)

HEADER = {
    2011: Struct(*_FIELDS),
    2019: Struct(*_FIELDS, "sent_at_utc" / Bytes(8) * "发送消息时的系统UTC时间"),  # seconds since 1970
}
