"""The instructor's board: a service of the hub with a page of its own."""
