"""The learning bank: closed cases without anyone in them, for all who take part to learn from."""
