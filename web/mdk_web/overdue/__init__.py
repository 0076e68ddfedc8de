"""What is late, wherever it has stopped: the coordinator's list."""
