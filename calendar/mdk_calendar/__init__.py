"""The invitations: which one is owed, its bytes, its delivery."""
