"""A small feedback service: one page, three endpoints, one SQLite file."""
