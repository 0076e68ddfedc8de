"""Series, conferences, agendas and who is invited."""
