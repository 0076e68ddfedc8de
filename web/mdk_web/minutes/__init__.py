"""The pages and the API of minutes: the session view."""
