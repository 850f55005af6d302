"""A build's lines, as the client prints them into a pipe, and the bars made of them."""

from __future__ import annotations

from labs.base.events import Event, Line, Progress
from labs.running.build_output import BuildFollower

CLASSIC = """DEPRECATED: The legacy builder is deprecated and will be removed in a future release.
Sending build context to Docker daemon  2.048kB
Step 1/3 : FROM base
 ---> 0123456789ab
Step 2/3 : ENV A=1
 ---> Using cache
Step 3/3 : RUN make
 ---> Running in 0123456789ab
made
Successfully built 0123456789ab
Successfully tagged x:v1"""
CLASSIC_AGAIN = """Step 1/2 : FROM base
 ---> 0123456789ab
Step 2/2 : RUN make
 ---> Using cache
 ---> 0123456789ab
Successfully built 0123456789ab"""
BUILDKIT = """#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 1.2kB done
#1 DONE 0.0s

#5 [builder 1/3] FROM docker.io/labs/python-base:3
#5 CACHED

#6 [stage-1 2/3] RUN make
#6 0.532 made

#5 [builder 1/3] FROM docker.io/labs/python-base:3
#5 sha256:1 0B / 10B

#6 [stage-1 2/3] RUN make
#6 DONE 2.5s

#7 exporting to image
#7 DONE 0.1s"""
BROKEN = """#6 [2/3] RUN false
#6 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1"""


def told(text: str) -> list[Event]:
    seen: list[Event] = []
    follower = BuildFollower(seen.append)
    for line in text.splitlines():
        follower(Line(line))
    return seen


def bars(text: str) -> list[tuple[str, int, bool]]:
    return [(one.label, one.done, one.cached) for one in told(text) if isinstance(one, Progress)]


def test_the_classic_builders_instruction_is_over_when_the_next_begins() -> None:
    assert bars(CLASSIC) == [
        ("1/3 FROM base", 0, False),
        ("1/3 FROM base", 1, False),
        ("3/3 RUN make", 0, False),
        ("3/3 RUN make", 1, False),
    ]


def test_what_the_classic_builder_takes_from_the_cache_is_marked() -> None:
    assert bars(CLASSIC_AGAIN)[-1] == ("2/2 RUN make", 1, True)


def test_buildkit_says_of_each_instruction_when_it_is_done_and_what_came_from_the_cache() -> None:
    assert bars(BUILDKIT) == [
        ("builder 1/3 FROM docker.io/labs/python-base:3", 0, False),
        ("builder 1/3 FROM docker.io/labs/python-base:3", 1, True),
        ("stage-1 2/3 RUN make", 0, False),
        ("stage-1 2/3 RUN make", 1, False),
    ]


def test_an_instruction_that_fails_is_never_full() -> None:
    assert bars(BROKEN) == [("2/3 RUN false", 0, False)]
    assert bars("Step 1/1 : RUN false\n ---> Running in 0123456789ab") == [("1/1 RUN false", 0, False)]


def test_every_line_is_shown_and_what_varies_is_left_out_of_a_stored_transcript() -> None:
    lines = [one for one in told(CLASSIC) if isinstance(one, Line)]
    assert [one.text for one in lines] == CLASSIC.splitlines()
    assert [one.text for one in lines if not one.detail] == [
        *("Step 1/3 : FROM base", "Step 2/3 : ENV A=1", "Step 3/3 : RUN make", "Successfully tagged x:v1")
    ]
    assert all(one.detail for one in told(BUILDKIT) if isinstance(one, Line))
