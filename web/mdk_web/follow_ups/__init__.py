"""Follow-ups and the on-call sheet: pages and API of the time after what was decided was done."""
