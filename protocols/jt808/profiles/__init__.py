"""Quirk profiles: one TOML file for each maker and model that breaks the standard in its own way. Data only;
`quirks` reads and checks them. These are examples of habits that implementations and captures have in common.
"""
