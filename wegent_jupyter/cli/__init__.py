"""`jupyter wegent …`: the same devices and tasks, from a shell."""
