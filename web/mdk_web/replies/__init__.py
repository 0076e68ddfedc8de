"""The page of answers by mail that someone has to look at."""
