"""Triage: the list of what was submitted, and the acts on one case."""
