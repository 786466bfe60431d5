"""The Python client of the API, for the command line, widgets and magics."""
