"""What turns change: snapshots before and after them, and taking it back."""
