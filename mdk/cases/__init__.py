"""The case: from draft to closed."""
