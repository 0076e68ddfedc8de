"""Acts that cross aggregates."""
