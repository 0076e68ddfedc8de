"""The sign-in and the sign-out."""
