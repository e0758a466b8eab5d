"""The words of the house: no I/O, no clock."""
