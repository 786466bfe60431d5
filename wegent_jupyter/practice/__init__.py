"""The practice agent: a script that never is an AI and always says so."""
