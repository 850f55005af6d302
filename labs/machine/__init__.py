"""This machine: the Python environment, the system's packages, and what is missing."""
