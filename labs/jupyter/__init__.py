"""JupyterLab for the course: its server, its configuration, its Portuguese, its guard of saved notebooks."""
