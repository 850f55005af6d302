"""The command line: `python3 -m labs …` and the commands that lessons name."""
