"""The command line: `python3 -m labs …` and the commands that lessons name.

On a bare machine the standard library is all there is, and each verb starts in a blink: what one needs beyond that is
imported where it runs.
"""
