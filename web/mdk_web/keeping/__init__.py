"""Keeping and leaving: a patient's record as files, and how long things are kept."""
