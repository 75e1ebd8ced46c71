"""Fulcrum for Python: what a process needs to speak with the host. Standard library only."""
