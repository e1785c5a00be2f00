"""The vehicle's senses: alarms, driver, areas, trip memory, waybill; portable checks and properties."""
