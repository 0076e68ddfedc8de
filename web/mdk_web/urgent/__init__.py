"""The urgent lane: its acts on a case, the conclusion, and what a meeting ratifies."""
