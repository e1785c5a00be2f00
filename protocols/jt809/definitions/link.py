"""Messages of the links: login, logout, keep-alive of the main link, connection of the sub-link."""

from construct import Int8ub, Int16ub, Int32ub, Struct

from protocols.jt808.definitions.types import FixedText

_LOGIN_2011 = Struct(
    "user" / Int32ub * "用户名",
    "password" / FixedText(8) * "密码",
    "sub_link_host" / FixedText(32) * "从链路服务端IP地址",
    "sub_link_port" / Int16ub * "从链路服务端口号",
)
_LOGIN_2019 = Struct(
    "user" / Int32ub * "用户名",
    "password" / FixedText(8) * "密码",
    "access_code" / Int32ub * "下级平台接入码",
    "sub_link_host" / FixedText(32) * "从链路服务端IP地址",
    "sub_link_port" / Int16ub * "从链路服务端口号",
)
_LOGIN_RESPONSE = Struct("result" / Int8ub * "验证结果", "verify_code" / Int32ub * "校验码")
_SUB_LINK = Struct("verify_code" / Int32ub * "校验码")
_SUB_LINK_RESPONSE = Struct("result" / Int8ub * "验证结果")
_EMPTY = Struct()

# {id: (name, Chinese, {edition: body})}. The bodies of 0x1003, 0x1007 and 0x1008 are not known for sure and
# not declared; both keep-alives are empty.
MESSAGES = {
    0x1001: ("Login", "主链路登录请求", {2011: _LOGIN_2011, 2019: _LOGIN_2019}),
    0x1002: ("LoginResponse", "主链路登录应答", {2011: _LOGIN_RESPONSE, 2019: _LOGIN_RESPONSE}),
    0x1005: ("KeepAlive", "主链路连接保持请求", {2011: _EMPTY, 2019: _EMPTY}),
    0x1006: ("KeepAliveResponse", "主链路连接保持应答", {2011: _EMPTY, 2019: _EMPTY}),
    0x9001: ("SubLinkConnect", "从链路连接请求", {2011: _SUB_LINK, 2019: _SUB_LINK}),
    0x9002: (
        "SubLinkConnectResponse",
        "从链路连接应答",
        {2011: _SUB_LINK_RESPONSE, 2019: _SUB_LINK_RESPONSE},
    ),
}
