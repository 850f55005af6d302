"""The clinic: real faults put into the sandbox one at a time, and taken out again."""
