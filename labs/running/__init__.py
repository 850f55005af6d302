"""Running a step: do its command, check the state, record the verdict."""
