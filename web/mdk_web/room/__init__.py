"""The conference room: whose turn it is, the order of the rest, who is there, and how the conference went."""
