"""A program that judges samples, a line of JSON each: `python3 serve.py MODULE OPTIONS`.

MODULE lies beside this file and has `judge(sample, options)`. The options are a JSON object. A
sample that takes more than their `time_limit` (seconds of processor time) ends the program by
SIGPROF, even in the midst of C; whoever started it starts another.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import signal
import sys

MEMORY = 16 << 30  # Bytes of addresses: what grows without end comes to one.


def main(module: str, options_text: str) -> None:
    # Replies have standard output to themselves; what a library prints goes to standard error.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.disable()
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    options, judge = json.loads(options_text), importlib.import_module(module).judge
    for line in sys.stdin:
        sample = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, options["time_limit"])
        try:
            reward, outcome = judge(sample, options)
        except Exception:  # An answer too deep or too large, or a fault of the library's.
            reward, outcome = 0.0, "unparseable"
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(json.dumps([reward, outcome]) + "\n")
        replies.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
