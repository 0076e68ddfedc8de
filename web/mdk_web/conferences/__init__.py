"""The pages and the API of conferences."""
