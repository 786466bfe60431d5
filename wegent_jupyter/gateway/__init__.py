"""The control plane: devices, tasks, turns, queues and their store. Knows nothing of Tornado or Jupyter."""
