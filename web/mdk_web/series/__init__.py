"""The pages and the API of repeating conferences."""
