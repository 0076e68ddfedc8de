"""People, their assignments, units, regions and sign-ins."""
