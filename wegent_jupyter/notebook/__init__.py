"""Wegent in notebooks: `from wegent_jupyter import notebook as wg`."""
