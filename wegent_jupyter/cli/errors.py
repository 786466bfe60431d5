"""What a command line can be wrong about, beyond what its parser sees."""


class BadInput(Exception):
    """The command cannot be carried out as it was typed; the text says what to type instead."""
