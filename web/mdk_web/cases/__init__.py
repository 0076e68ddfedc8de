"""Cases: pages and API."""
