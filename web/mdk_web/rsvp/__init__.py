"""The answer links of invitations: pages without sign-in."""
