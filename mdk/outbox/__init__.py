"""What is owed to the outside, written in the same transaction as the change that owes it."""
