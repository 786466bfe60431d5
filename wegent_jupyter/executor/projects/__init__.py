"""Directories of projects, clones, worktrees, and what is in them."""
