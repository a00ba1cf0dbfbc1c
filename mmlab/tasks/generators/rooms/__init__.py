"""What the task `rooms` records: furnished rooms, the rays that meet them, and two cameras."""
