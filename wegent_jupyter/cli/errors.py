"""What a command line can be wrong about, beyond what its parser sees."""

from wegent_jupyter.client.choosing import BadInput as BadInput
