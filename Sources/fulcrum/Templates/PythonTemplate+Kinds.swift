extension PythonTemplate.Component {
  /// Makes an advantage that caps the lever of every token.
  static func advantageTransform(_ name: String) -> Self {
    Self(
      source: #"""
        import fulcrum as f
        import numpy as np


        @f.advantage_transform(
            "\#(name)",
            source="a beginning; name your paper and its equation here",
            formula="A ← A min(1, cap / ‖e − π‖)",
            needs=["levers"],
            cap=f.number(0.5, 0.01, 1.5, "no lever is longer than 1.415"),
        )
        def shorten(advantages, batch, cap):
            """shortens long levers: A <- A * min(1, cap / lever)"""
            return advantages * np.minimum(1, np.float32(cap) / np.maximum(batch.levers, 1e-6))

        """#,
      tests: #"""
            def test_a_lever_of_twice_the_cap_halves_the_advantage(self) -> None:
                batch = testing.batch(
                    completions=[[[2, 3], [4]]],
                    rewards=[4, -4],
                    columns={"levers": [1, 0.25, 0.5]},
                )
                # 4 * 0.5 / 1 = 2; the other levers are within the cap. Exact in binary.
                self.assertEqual(list(plugin.transform([4, 4, -4], batch, cap=0.5)), [2, 4, -4])

        """#,
      usage: "advantage: [grpo, {use: \(name), cap: 0.5}]     # a chain: it stands behind others")
  }

  /// Makes a schedule that splits each completion by place.
  static func updateScheduler(_ name: String) -> Self {
    Self(
      source: #"""
        import fulcrum as f
        import numpy as np


        @f.update_scheduler(
            "\#(name)",
            source="a beginning; name your paper and its algorithm here",
            formula="t < share n of a completion's n tokens, then the others",
            share=f.number(0.5, 0, 1, "how much of a completion is early"),
        )
        def by_place(advantages, batch, share):
            """updates the first share of each completion, then the rest"""
            place = np.arange(len(advantages)) - batch.offsets[batch.sequence_of_token]
            early = place < share * batch.per_token(batch.lengths)
            return {"early": early, "late": ~early}

        """#,
      tests: #"""
            def test_a_half_of_each_completion_is_early(self) -> None:
                batch = testing.batch(completions=[[[2, 3, 4, 5], [6, 7, 8]]], rewards=[1, 0])
                phases = plugin.phases([1, 1, 1, 1, 0, 0, 0], batch)
                # Of four tokens 0 and 1 are below 2; of three 0 and 1 are below 1.5.
                early = [True, True, False, False, True, True, False]
                self.assertEqual(list(phases), ["early", "late"])
                self.assertEqual(list(phases["early"]), early)
                self.assertEqual(list(phases["late"]), [not one for one in early])

        """#,
      usage: "schedule: {use: \(name), share: 0.5}")
  }

  /// Makes an objective that is the policy gradient with a spring to the old policy.
  static func policyObjective(_ name: String) -> Self {
    Self(
      source: #"""
        import fulcrum as f


        @f.policy_objective(
            "\#(name)",
            source="a beginning; name your paper and its equation here",
            formula="w = A − β log r",
            needs=["old-log-probabilities"],
            # A token's weight needs no other token: a schedule's phases cost what their tokens cost.
            tokenwise=True,
            beta=f.number(0.1, 0, 100, "how stiff the spring is; 0: none"),
        )
        def spring(batch, beta):
            """A * log pi - beta / 2 * (log pi - log pi_old)^2"""
            drift = batch.log_probabilities - batch.old_log_probabilities
            batch.metric("drift/square_mean", drift**2)
            weights = batch.shares * (batch.advantages - beta * drift)
            losses = batch.shares * (beta / 2 * drift**2 - batch.advantages * batch.log_probabilities)
            return weights, losses

        """#,
      tests: #"""
            def test_the_spring_pulls_back_the_token_that_moved(self) -> None:
                batch = testing.objective_batch(
                    lengths=[2],
                    log_probabilities=[-1, -2],
                    advantages=[2, -1],
                    columns={"old-log-probabilities": [-1.5, -2]},
                )
                weights, losses = plugin.weigh(batch, beta=0.5)
                # d = 0.5 and 0; share = 1/2: (2 - 0.25) / 2 and -1 / 2; losses (0.0625 + 2) / 2, -2 / 2.
                self.assertEqual(list(weights), [0.875, -0.5])
                self.assertEqual(list(losses), [1.03125, -1])

        """#,
      usage: "objective: {use: \(name), beta: 0.1}")
  }

  /// Makes a reward that compares the last line with the answer.
  static func reward(_ name: String) -> Self {
    Self(
      source: #"""
        import fulcrum as f


        @f.reward(
            "\#(name)",
            source="a beginning; say here what your rule is from",
            unfinished=f.number(0.0, -10, 10, "what a completion gets that was cut at the length limit"),
        )
        def last_line(samples, unfinished):
            """1 if the last line is the answer, else 0"""
            return [score(sample, unfinished) for sample in samples]


        def score(sample, unfinished):
            if not sample.finished:
                return f.Score(unfinished, "bad-format")
            lines = [line.strip() for line in sample.completion.splitlines() if line.strip()]
            if not lines:
                return f.Score(0, "unparseable")
            return 1 if lines[-1] == sample.answer.strip() else 0

        """#,
      tests: #"""
            def test_the_last_line_counts(self) -> None:
                cases = [
                    ("6 * 7 is\n 42 \n", True, 1, "correct"),
                    ("42, or 43", True, 0, "wrong"),
                    (" \n", True, 0, "unparseable"),
                    ("42", False, -0.5, "bad-format"),
                ]
                samples = [
                    testing.sample(completion=text, answer="42", finished=finished)
                    for text, finished, _, _ in cases
                ]
                scores = plugin.score(samples, unfinished=-0.5)
                self.assertEqual(
                    [(one.reward, one.outcome) for one in scores],
                    [(reward, outcome) for _, _, reward, outcome in cases],
                )

        """#,
      usage: "reward: {use: \(name)}")
  }

  /// Makes a task of sums of two numbers.
  static func task(_ name: String) -> Self {
    Self(
      source: #"""
        import fulcrum as f


        @f.task(
            "\#(name)",
            source="a beginning; say here where your items are from",
            largest=f.integer(99, 2, 299, "the largest number to add"),
        )
        def sums(seed, largest):
            """sums of two numbers"""
            side = largest + 1
            # A prime beyond `side` has no factor in common with side * side, so that its multiples come to
            # every sum once, in an order that looks random.
            pairs = [divmod((place + 1) * 7919 % side**2, side) for place in range(side**2)]
            # The last tenth is held out: in this order it is like the others.
            kept = len(pairs) * 9 // 10
            train = [item(a, b) for a, b in pairs[:kept]]
            return f.Task(
                train=train,
                held_out=[item(a, b) for a, b in pairs[kept:]],
                demonstrations=[(one.prompt, " " + one.answer) for one in train],
            )


        def item(a, b):
            return f.Item(f"{a} + {b} =", str(a + b), id=f"{a}+{b}", category="sums")

        """#,
      tests: #"""
            def test_the_first_sum_to_train_on(self) -> None:
                # Place 1 is 7919 modulo 100 = 19: the numbers 1 and 9.
                item = plugin.task(largest=9).train[0]
                self.assertEqual((item.prompt, item.answer), ("1 + 9 =", "10"))

            def test_training_and_held_out_sums_are_all_sums_each_once(self) -> None:
                task = plugin.task(largest=30)
                ids = [one.id for one in [*task.train, *task.held_out]]
                self.assertEqual(len(ids), 31**2)
                self.assertEqual(len(set(ids)), 31**2)

        """#,
      usage: "task: {use: \(name)}")
  }
}
