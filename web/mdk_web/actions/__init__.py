"""Actions: pages and API of what follows a recommendation that no pump is for."""
