"""Who did and read what: append-only."""
