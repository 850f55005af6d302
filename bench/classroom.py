"""A class on this machine: logins in a rush, memory, an idle class, first and warm builds over a stated window.

Real learners: the hub of `python3 -m labs class up`, a container of the image for each, and what they type in its
terminal. The engine is the tests' own, which has no network; so are the images' ingredients (`tests/image/`).
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from labs.classroom import accounts, room
from tests.image.outer import ingredients, outer_engine
from tests.image.school import Class, class_of

Row = tuple[str, str, str]
Took = list[float]
LEARNERS = int(os.environ.get("LABS_BENCH_LEARNERS", "30"))
LOGINS, FIRST, WARM, IDLE = 60.0, 30.0, (60.0, 30.0), 60.0
"""Seconds: the windows over which people log in and build, and how long the idle class is watched."""
ALONE = 3
"""Warm builds by one person, for their median."""
SETTLE = 20.0
LESSON = "notebooks/02-build.ipynb"
"""Below the learner's working copy."""
LOGIN = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
BUILD = """cd "$LAB_WORK/widget-server" && {edit} && docker build -q -t widget-server:{tag} . &&
docker tag widget-server:{tag} $HUB_REGISTRY/$HUB_USER/widget-server:{tag} &&
docker push -q $HUB_REGISTRY/$HUB_USER/widget-server:{tag}"""
EDIT = "date +%N > widget_server/novidade.txt"
RUN_CELLS = f"""
import glob, json
from jupyter_client import BlockingKernelClient
from labs.base.settings import Settings
client = BlockingKernelClient()
client.load_connection_file(glob.glob("/labs/**/kernel-*.json", recursive=True)[0])
client.start_channels()
client.wait_for_ready(120)
for cell in json.loads((Settings.load().work / "{LESSON}").read_text())["cells"]:
    if cell["cell_type"] == "code":
        answer = client.execute_interactive("".join(cell["source"]), timeout=120, output_hook=lambda _: None)
        assert answer["content"]["status"] == "ok", answer
"""


def rows() -> list[Row]:
    """All of it, in one run: the first learner alone, then everybody."""
    names = accounts.numbered(LEARNERS)
    with tempfile.TemporaryDirectory(prefix="labs-bench-", dir="/tmp") as folder:
        home = Path(folder)
        given = ingredients(home)
        with outer_engine(home, given, maps_users=True) as outer, class_of(names, outer, given, home) as school:
            return [*_logins(school, names), *_open(school, names), *_idle(school), *_builds(school, names)]


def _logins(school: Class, names: Sequence[str]) -> list[Row]:
    alone = _seconds(lambda: school.person(names[0]).enter())
    processor = _usage(_container(school, names[0]))
    took = _spread(lambda name: school.person(name).enter(), names[1:], LOGINS)
    what = f"{len(took)} people log in within {LOGINS:.0f} s, each until the lesson opens (one alone: {alone:.1f} s)"
    cheap = f"{processor:.1f} CPU seconds"
    return [(what, _told(took), "none fails"), ("… a learner's first start", cheap, "–")]


def _open(school: Class, names: Sequence[str]) -> list[Row]:
    """Memory, with a lesson open in each lab: its kernel has drawn every card."""
    before = psutil.virtual_memory().available
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda name: _open_lesson(school, name), names))
    time.sleep(SETTLE)
    kernels = (before - psutil.virtual_memory().available) / len(names) / 2**20
    used = [int(_memory(school, name, "usage_in_bytes")) / 2**20 for name in names]
    own = [_resident(school, name) / 2**20 for name in names]
    measured = f"{statistics.mean(own):.0f} MiB (largest {max(own):.0f}); with the files kept in memory"
    measured += f" {statistics.mean(used):.0f}; of it the kernel and its lesson {kernels:.0f}"
    return [("memory of a learner with a lesson open, by control group", measured, "≤ 300 MB")]


def _open_lesson(school: Class, name: str) -> None:
    person = school.person(name)
    person.enter()
    wanted = {"path": LESSON, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    status, said = person.send(f"/user/{name}/api/sessions", wanted)
    assert status == 201, said
    _require(school, name, "python3", "-c", RUN_CELLS)


def _idle(school: Class) -> list[Row]:
    containers = school.outer.docker("ps", "-q", "--no-trunc").stdout.split()
    before = sum(_usage(one) for one in containers)
    time.sleep(IDLE)
    share = (sum(_usage(one) for one in containers) - before) / IDLE
    what = f"an idle class, all lessons open, hub and {len(containers) - 1} labs, over {IDLE:.0f} s"
    return [(what, f"{share:.0%} of a core", "≤ 20 %")]


def _builds(school: Class, names: Sequence[str]) -> list[Row]:
    for name in names:
        _typed(school, name, LOGIN)
    first = BUILD.format(edit="true", tag="v1")
    alone = _seconds(partial(_typed, school, names[0], first))
    found = [_against("first build, tag and push", alone, FIRST, _spread(_doing(school, first), names[1:], FIRST))]
    warm = [BUILD.format(edit=EDIT, tag=f"v{2 + number}") for number in range(ALONE + len(WARM))]
    alone = statistics.median(_seconds(partial(_typed, school, names[0], line)) for line in warm[:ALONE])
    for window, line in zip(WARM, warm[ALONE:], strict=True):
        took = _spread(_doing(school, line), names, window)
        found.append(_against("build after an edit, tag and push", alone, window, took))
    return found


def _doing(school: Class, line: str) -> Callable[[str], object]:
    return lambda name: _typed(school, name, line)


def _typed(school: Class, name: str, line: str) -> None:
    """What a learner types, in the lab's environment."""
    _require(school, name, "bash", "-c", f'eval "$(python3 -m labs env)"; {line}')


def _require(school: Class, name: str, *words: str) -> None:
    done = school.inside(name, *words, seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr


def _spread(do: Callable[[str], object], names: Sequence[str], window: float) -> Took:
    """Seconds of each; they begin evenly over the window."""

    def begin(number: int) -> float:
        time.sleep(max(0.0, began + number * window / len(names) - time.monotonic()))
        return _seconds(lambda: do(names[number]))

    began = time.monotonic()
    with ThreadPoolExecutor(len(names)) as workers:
        return list(workers.map(begin, range(len(names))))


def _against(what: str, alone: float, window: float, took: Took) -> Row:
    ratio = f"p95 {_p95(took) / alone:.1f} × ({_told(took)}; alone {alone:.1f} s)"
    return (f"{what}: {len(took)} learners over {window:.0f} s, against one alone", ratio, "≤ 3 ×")


def _told(took: Took) -> str:
    return f"p50 {statistics.median(took):.1f} s, p95 {_p95(took):.1f} s, most {max(took):.1f} s"


def _p95(took: Took) -> float:
    return sorted(took)[max(0, round(0.95 * len(took)) - 1)]


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


# Control groups of version 1, where the tests' engine puts its containers -----------------------------


def _usage(container: str) -> float:
    return int(Path(f"/sys/fs/cgroup/cpuacct/docker/{container}/cpuacct.usage").read_text()) / 1e9


def _container(school: Class, name: str) -> str:
    return school.outer.docker("inspect", "--format", "{{.Id}}", f"{room.PREFIX}-{name}").stdout.strip()


def _memory(school: Class, name: str, what: str) -> str:
    return Path(f"/sys/fs/cgroup/memory/docker/{_container(school, name)}/memory.{what}").read_text()


def _resident(school: Class, name: str) -> int:
    """What the processes hold, without files that the kernel keeps for the case that they are read again."""
    held = {key: int(value) for key, value in (line.split() for line in _memory(school, name, "stat").splitlines())}
    return held["total_rss"] + held["total_shmem"]
