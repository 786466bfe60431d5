"""The device: runs agents and keeps what they did until a gateway has it."""
