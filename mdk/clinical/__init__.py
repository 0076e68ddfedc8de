"""Pure clinical rules and the reference data that they compute with."""
