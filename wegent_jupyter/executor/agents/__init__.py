"""Drivers: how each kind of agent is run. Adding one touches its own file and the catalogue."""
