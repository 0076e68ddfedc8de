"""The page of the outbox."""
