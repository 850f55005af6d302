"""For contributors: the test run and the notebooks' stored outputs."""
