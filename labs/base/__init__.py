"""What everything else stands on: settings, errors, files, waiting. Imports nothing else of the kit."""
