"""A reward as a program: 1 for a completion whose last number is the answer, else 0."""

import json
import re
import sys

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def judge(sample):
    """The reply to one sample, without its id."""
    try:
        answer = float(sample["answer"])
    except ValueError:
        return {"refused": f"the answer '{sample['answer']}' is no number"}
    numbers = NUMBER.findall(sample["completion"])
    if not numbers:
        return {"reward": 0, "outcome": "unparseable"}
    right = float(numbers[-1]) == answer
    outcome = "correct" if right else "wrong"
    return {"reward": int(right), "outcome": outcome, "parts": {"numbers": len(numbers)}}


def main():
    for line in sys.stdin:
        sample = json.loads(line)
        try:
            reply = judge(sample)
        except Exception as error:  # one bad sample must not end the program
            reply = {"error": repr(error)}
        print(json.dumps({"id": sample["id"], **reply}), flush=True)


if __name__ == "__main__":
    main()
