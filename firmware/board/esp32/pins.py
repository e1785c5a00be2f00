"""Where everything is connected unless `board` in `config.json` says otherwise; -1: not connected.

For ESP32-S3 modules: GPIO 19, 20 are its USB, 26…37 its memory. Inputs are contacts to ground.
"""

DEFAULTS = {
    "gnss_uart": 1,
    "gnss_tx": 17,
    "gnss_rx": 18,
    "gnss_baudrate": 9600,
    "modem_uart": 2,
    "modem_tx": 15,
    "modem_rx": 16,
    "modem_reset": 14,  # high pulls the modem's reset line, through a transistor
    "modem_baudrate": 115200,
    "serial_uart": -1,  # 0x8900 type 0x41; UART 0 on 43 and 44 is free where the prompt is on USB
    "serial_tx": 43,
    "serial_rx": 44,
    "serial_baudrate": 9600,
    "serial_use": "passthrough",  # or "card_reader"
    "serial2_uart": -1,  # 0x8900 type 0x42; for chips with a UART more
    "serial2_tx": -1,
    "serial2_rx": -1,
    "serial2_baudrate": 9600,
    "serial2_use": "passthrough",
    "ignition": 4,
    "emergency": 5,
    "supply": 1,  # an ADC pin behind a divider
    "supply_upper_ohm": 220000,
    "supply_lower_ohm": 10000,
    "key_up": 38,
    "key_down": 39,
    "key_ok": 40,
    "key_back": 41,
    "key_menu": 42,
    "display": "",  # st7789, st7735, ssd1680
    "display_spi": 1,
    "display_sck": 12,
    "display_mosi": 11,
    "display_cs": 10,
    "display_dc": 9,
    "display_reset": 8,
    "display_busy": 7,  # of e-paper
    "display_baudrate": 20000000,
    "backlight": 6,
    "senses": 1,  # 0: positions only, without alarms, driver and waybill
    "watchdog_ms": 30000,  # a name server may be silent for so long; 0: none
}
