"""An engine for tests: every call of the wire by a bigram model, with Python's library alone."""
