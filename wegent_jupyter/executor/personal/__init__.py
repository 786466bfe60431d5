"""A person's own configuration on a device: the Codex login, and tests of providers and proxies from here."""
