"""Keeping and leaving: a patient's whole record as files, how long it is kept, and what a decision removes."""
