"""Run it with: python3 test_reward.py"""

import json
import subprocess
import sys
import unittest

from reward import judge


def sample(completion, answer="5"):
    return {"prompt": "2 + 3?", "completion": completion, "answer": answer}


class Judge(unittest.TestCase):
    def test_the_last_number_decides(self):
        self.assertEqual(judge(sample("6, no, 5"))["outcome"], "correct")
        self.assertEqual(judge(sample("5, no, 6"))["outcome"], "wrong")
        self.assertEqual(judge(sample("5.0"))["reward"], 1)

    def test_no_number_is_not_a_wrong_one(self):
        self.assertEqual(judge(sample("five")), {"reward": 0, "outcome": "unparseable"})

    def test_an_answer_that_is_no_number_is_refused(self):
        self.assertIn("refused", judge(sample("5", answer="five")))


class Program(unittest.TestCase):
    def test_every_line_has_its_reply(self):
        lines = [{"id": 3, **sample("5")}, {"id": 4, **sample("6")}, {"id": 5, "answer": "1"}]
        run = subprocess.run(
            [sys.executable, "reward.py"], input="\n".join(map(json.dumps, lines)),
            capture_output=True, text=True, check=True)
        replies = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual([reply["id"] for reply in replies], [3, 4, 5])
        self.assertEqual([reply.get("reward") for reply in replies], [1, 0, None])
        self.assertEqual(replies[2]["error"], "KeyError('completion')")


if __name__ == "__main__":
    unittest.main()
