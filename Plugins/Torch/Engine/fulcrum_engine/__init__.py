"""A policy on PyTorch, started as a process and called over a socket."""
