"""What crosses the wire: models, event names, state machines and ports. No I/O, no clock."""
