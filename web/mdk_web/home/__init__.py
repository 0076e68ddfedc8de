"""A person's own start page, and the help."""
