"""Code tables of the freight documents (代码集), as developers' comments restate them.

A value absent here is refused by the checks that name the table. Where the whole table was not found
(vehicle types, banks, insurers) there is a pattern instead, and the known values serve as labels only.
"""

from typing import Final

Table = dict[str, tuple[str, str]]  # code → (English, Chinese)

PLATE_COLOUR: Final[Table] = {
    "1": ("blue", "蓝色"),
    "2": ("yellow", "黄色"),
    "3": ("black", "黑色"),
    "4": ("white", "白色"),
    "5": ("green", "绿色"),
    "9": ("other", "其他"),
    "91": ("farm yellow", "农黄"),
    "92": ("farm green", "农绿"),
    "93": ("yellow-green", "黄绿"),
    "94": ("fading green", "渐变绿"),
}

TRANSPORT: Final[Table] = {
    "1": ("road", "公路"),
    "2": ("road and rail", "公铁"),
    "3": ("road and water", "公水"),
    "4": ("road and air", "公空"),
    "5": ("road, rail and water", "公铁水"),
    "6": ("road, rail and air", "公铁空"),
    "7": ("road, water and air", "公水空"),
    "8": ("road, rail, water and air", "公铁水空"),
}
# The multimodal form alone has these four; a profile says whether they are taken.
TRANSPORT_MULTIMODAL: Final[Table] = {
    "9": ("water and rail", "水铁"),
    "10": ("air and rail", "空铁"),
    "11": ("air and water", "空水"),
    "12": ("water, rail and air", "水铁空"),
}

BUSINESS: Final[Table] = {
    "1002996": ("line-haul, general", "干线普货运输"),
    "1002998": ("container", "集装箱运输"),
    "1003997": ("urban delivery", "城市配送"),
    "1003998": ("rural delivery", "农村配送"),
    "1003999": ("other", "其他"),
}
URBAN_DELIVERY: Final = "1003997"

CARGO: Final[Table] = {
    "0100": ("coal and its products", "煤炭及制品"),
    "0200": ("oil, gas and their products", "石油、天然气及制品"),
    "0300": ("metal ore", "金属矿石"),
    "0400": ("steel", "钢铁"),
    "0500": ("construction minerals", "矿建材料"),
    "0600": ("cement", "水泥"),
    "0700": ("timber", "木材"),
    "0800": ("non-metal ore", "非金属矿石"),
    "0900": ("fertiliser and pesticide", "化肥及农药"),
    "1000": ("salt", "盐"),
    "1100": ("grain", "粮食"),
    "1200": ("machinery", "机械、设备、电器"),
    "1300": ("light-industry materials", "轻工原料及制品"),
    "1400": ("non-ferrous metals", "有色金属"),
    "1500": ("light industry and medicine", "轻工医药产品"),
    "1601": ("fresh farm goods", "鲜活农产品"),
    "1602": ("chilled and frozen goods", "冷藏冷冻货物"),
    "1701": ("commercial cars", "商品汽车"),
    "1700": ("other", "其他"),
}

ENERGY: Final[Table] = {
    "A": ("petrol", "汽油"),
    "B": ("diesel", "柴油"),
    "C": ("electric", "电"),
    "D": ("mixed oil", "混合油"),
    "E": ("natural gas", "天然气"),
    "F": ("LPG", "液化石油气"),
    "L": ("methanol", "甲醇"),
    "M": ("ethanol", "乙醇"),
    "N": ("solar", "太阳能"),
    "O": ("hybrid", "混合动力"),
    "Y": ("none (trailers)", "无(挂车)"),
    "Z": ("other", "其他"),
}

# Cash is not in the table on purpose: the specification forbids it.
PAYMENT: Final[Table] = {
    "1": ("letter of credit", "信用证"),
    "2": ("collection", "托收"),
    "3": ("remittance", "汇付"),
    "31": ("bank draft", "银行汇票"),
    "32": ("bank transfer", "银行转账"),
    "4": ("third-party platform", "第三方支付平台"),
    "41": ("Alipay", "支付宝支付"),
    "42": ("WeChat", "微信支付"),
    "9": ("other electronic", "其他电子支付方式"),
}

SOURCE: Final[Table] = {"terminal": ("terminal", "车载终端"), "phone": ("phone", "手机")}  # ours
DATUM: Final[Table] = {"WGS84": ("WGS-84", "WGS-84")}  # ours: one datum, and it is said

UNINSURED: Final = "none"  # both fields of the insurance say it
BANKS_KNOWN: Final = ("BKCH", "ABOC", "ICBK", "PCBC", "COMM")
INSURERS_KNOWN: Final = ("PICC", "CPIC", "PAIC", "TPIC", "QITA")
VEHICLE_TYPES_KNOWN: Final[Table] = {
    "H11": ("heavy general truck", "重型普通货车"),
    "H12": ("heavy van", "重型厢式货车"),
    "Q11": ("heavy semi-trailer tractor", "重型半挂牵引车"),
}
