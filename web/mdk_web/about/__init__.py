"""The pages about the system itself, open to anyone."""
