"""The checking of the access log: that it is whole, and what was read in it."""
