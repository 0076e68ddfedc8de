"""The core of the MDK: rules, tables and acts; knows no web, no mail and no calendar."""
