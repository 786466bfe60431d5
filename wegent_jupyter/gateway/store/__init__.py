"""What the gateway keeps on disk: SQLAlchemy Core, one writer thread, group commit."""
