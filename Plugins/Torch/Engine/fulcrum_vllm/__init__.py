"""vLLM as the engine's sampler: a process of its own, and what its workers need to take weights.

Runs in an interpreter that has vLLM, which need not be the engine's.
"""
