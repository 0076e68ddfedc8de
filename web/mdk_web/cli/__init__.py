"""The command line `mdk`."""
