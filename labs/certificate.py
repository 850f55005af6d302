"""`python3 -m labs.certificate`: run every lasting check of the course again and list what is proven now."""

from __future__ import annotations

import sys

from labs.catalog import load_course
from labs.checks import World, run_check
from labs.errors import LabError
from labs.settings import Settings


def main() -> int:
    """Print a line per step with its evidence; exit code 0 only if all are proven."""
    try:
        world = World(Settings.load())
        missing = _report(world)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print("Curso comprovado." if not missing else f"Falta comprovar: {', '.join(missing)}")
    return 1 if missing else 0


def _report(world: World) -> list[str]:
    missing = []
    for lesson in load_course().lessons:
        print(f"{lesson.id}  {lesson.title}", flush=True)
        for step in lesson.steps:
            if not step.lasting:
                continue
            verdict = run_check(step, world)
            print(f"  {'✓' if verdict.passed else '✗'} {step.title or step.id}: {verdict.observed}", flush=True)
            for name, value in verdict.evidence.items():
                print(f"      {name}: {value}")
            if not verdict.passed:
                missing.append(f"{lesson.id}/{step.id}")
    return missing


if __name__ == "__main__":
    raise SystemExit(main())
