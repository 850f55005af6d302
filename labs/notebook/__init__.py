"""What a notebook calls: `lab.step(…)`, `lab.layers(…)`."""
