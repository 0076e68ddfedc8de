"""Attachments of a case: pages, API, and the way from what was sent to what may be kept."""
