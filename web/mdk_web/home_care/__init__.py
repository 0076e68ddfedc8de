"""The question to home care: the page behind its link, and the addresses that a region keeps."""
