"""Where everything is connected unless `board` in `config.json` says otherwise; -1: not connected.

For the Raspberry Pi Pico and Pico 2: 23, 24, 25, 29 are taken on the board; 8 is SPI 1's unused data input.
"""

DEFAULTS = {
    "gnss_uart": 0,
    "gnss_tx": 0,
    "gnss_rx": 1,
    "gnss_baudrate": 9600,
    "modem_uart": 1,
    "modem_tx": 4,
    "modem_rx": 5,
    "modem_reset": 6,  # high pulls the modem's reset line, through a transistor
    "modem_baudrate": 115200,
    "serial_uart": -1,  # both UARTs are in use
    "serial_tx": -1,
    "serial_rx": -1,
    "serial_baudrate": 9600,
    "serial_use": "passthrough",  # or "card_reader"
    "serial2_uart": -1,  # 0x8900 type 0x42; for chips with a UART more
    "serial2_tx": -1,
    "serial2_rx": -1,
    "serial2_baudrate": 9600,
    "serial2_use": "passthrough",
    "ignition": 2,
    "emergency": 3,
    "supply": 26,  # an ADC pin behind a divider
    "supply_upper_ohm": 220000,
    "supply_lower_ohm": 10000,
    "key_up": 16,
    "key_down": 17,
    "key_ok": 18,
    "key_back": 19,
    "key_menu": 20,
    "display": "",  # st7789, st7735, ssd1680
    "display_spi": 1,
    "display_sck": 10,
    "display_mosi": 11,
    "display_cs": 9,
    "display_dc": 12,
    "display_reset": 13,
    "display_busy": 14,  # of e-paper
    "display_baudrate": 20000000,
    "backlight": 15,
    "senses": 1,  # 0: positions only, without alarms, driver and waybill
    "watchdog_ms": 8000,  # the counter of the RP2040 ends at 8388; 0: none
}
