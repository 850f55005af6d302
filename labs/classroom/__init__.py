"""A class: a kept JupyterHub, and for each learner a container of the image with a whole lab in it (`deploy/hub/`)."""
