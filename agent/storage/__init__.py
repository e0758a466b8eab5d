"""The only SQL in the house: one SQLite file per store."""
