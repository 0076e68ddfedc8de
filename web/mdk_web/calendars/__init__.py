"""The page of a person's own calendar, the feed that it gives, and everyone's absences."""
