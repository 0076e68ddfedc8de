"""The pages of the learning bank."""
