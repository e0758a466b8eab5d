"""Compares the two ends and puts what is missing back at the start of a line."""
