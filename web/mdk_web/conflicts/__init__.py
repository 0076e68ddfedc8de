"""The pages and the API for planning around people's time: conflicts, free times, and cases put off."""
