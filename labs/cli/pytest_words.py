"""`python3 -m labs test …`: which words are ours, and which go on to pytest."""

from __future__ import annotations

OWN = ("--yes", "--no-install", "--fast", "--exhaustive", "-h", "--help")
PYTEST = (
    *("-k", "-m", "-x", "-q", "-v", "-vv", "-s", "-p", "-o", "-W", "-r", "-ra", "-n", "--co", "--collect-only"),
    *("--lf", "--last-failed", "--ff", "--failed-first", "--sw", "--stepwise", "--maxfail", "--tb", "--durations"),
    *("--deselect", "--ignore", "--junitxml", "--shuffle", "--photographs", "--no-header", "--capture", "--pdb"),
)
"""What goes on by itself. Any other option does after `--`, so that a slip is told before anything is installed."""


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """`test --yes -k foo tests/unit`: our options and what nobody knows, for our parser; the rest, for pytest."""
    if arguments[:1] != ["test"]:
        return arguments, []
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own, rest = ["test"], list[str]()
    for word in arguments[1:end]:
        unknown = word.startswith("-") and word.partition("=")[0] not in PYTEST
        (own if unknown or word in OWN else rest).append(word)
    return own, [*rest, *arguments[end + 1 :]]
