import ForeignPlugins
import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// Functions that write down all that they are given: every type and every binding.
@Suite struct ArgumentTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Two groups, of two sequences and one, in two mini-batches.
  private var batch: RolloutBatch {
    RolloutBatch(
      sequences: SequenceBatch(prompts: [[1], [2]], completions: [[[10, 11], [12]], [[13]]]),
      rewards: [1, 0.5, -1], isFinished: [true, false, true],
      columns: [
        .rolloutLogProbabilities: [-1, -2, -3, -4], .oldLogProbabilities: [-5, -6, -7, -8],
        .referenceLogProbabilities: [-9, -10, -11, -12], .entropies: [0.25, 0.5, 0.75, 1],
        .levers: [0.125, 0.375, 0.625, 0.875],
      ], step: 7, minibatchOffsets: [0, 2, 3])
  }

  private static let printing = """
    #define PRINT(name, format, array, count) \\
      fprintf(file, "%s", name); \\
      for (int64_t i = 0; i < (count); ++i) fprintf(file, " " format, array[i]); \\
      fprintf(file, "\\n")

    """

  @Test func `a transform is given the batch, the run and its parameters`() throws {
    try workshop.build(
      Self.printing + """
        void twice(
            float *advantages, const float *rollout, const float *old, const float *reference,
            const float *entropies, const float *levers, const float *rewards,
            const int32_t *tokens, const int32_t *finished, const int64_t *sequences,
            const int64_t *groups, const int64_t *minibatches, int64_t n, int32_t s, int64_t g,
            int32_t m, int32_t step, int64_t seed, const char *path, double number, float small,
            int64_t integer, int32_t narrow, double whole, int32_t flag, const char *choice) {
          FILE *file = fopen(path, "w");
          PRINT("rollout", "%g", rollout, n);
          PRINT("old", "%g", old, n);
          PRINT("reference", "%g", reference, n);
          PRINT("entropies", "%g", entropies, n);
          PRINT("levers", "%g", levers, n);
          PRINT("rewards", "%g", rewards, s);
          PRINT("tokens", "%d", tokens, n);
          PRINT("finished", "%d", finished, s);
          PRINT("sequences", "%ld", sequences, s + 1);
          PRINT("groups", "%ld", groups, g + 1);
          PRINT("minibatches", "%ld", minibatches, m + 1);
          fprintf(file, "counts %ld %d %ld %d step %d seed %ld\\n", n, s, g, m, step, seed);
          fprintf(file, "%g %g %ld %d %g %d %s", number, small, integer, narrow, whole, flag, choice);
          fclose(file);
          for (int64_t i = 0; i < n; ++i) advantages[i] *= 2;
        }
        """)
    let transform = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: advantage-transform
        summary: doubles
        source: a test
        library: libx.so
        function: twice
        returns: nothing
        parameters:
          - {name: path, type: text, default: /dev/null, help: a file}
          - {name: number, type: number, default: 0.1, help: a number}
          - {name: integer, type: integer, default: 1, range: [-10, 10], help: an integer}
          - {name: flag, type: flag, default: false, help: a flag}
          - {name: choice, type: choice, default: low, choices: [low, high], help: a choice}
        arguments:
          - {type: f32*, bind: advantages}
          - {type: const f32*, bind: rollout-log-probabilities}
          - {type: const f32*, bind: old-log-probabilities}
          - {type: const f32*, bind: reference-log-probabilities}
          - {type: const f32*, bind: entropies}
          - {type: const f32*, bind: levers}
          - {type: const f32*, bind: rewards}
          - {type: const i32*, bind: tokens}
          - {type: const i32*, bind: is-finished}
          - {type: const i64*, bind: sequence-offsets}
          - {type: const i64*, bind: group-offsets}
          - {type: const i64*, bind: minibatch-offsets}
          - {type: i64, bind: token-count}
          - {type: i32, bind: sequence-count}
          - {type: i64, bind: group-count}
          - {type: i32, bind: minibatch-count}
          - {type: i32, bind: step}
          - {type: i64, bind: seed}
          - {type: utf8, bind: parameter path}
          - {type: f64, bind: parameter number}
          - {type: f32, bind: parameter number}
          - {type: i64, bind: parameter integer}
          - {type: i32, bind: parameter integer}
          - {type: f64, bind: parameter integer}
          - {type: i32, bind: parameter flag}
          - {type: utf8, bind: parameter choice}
        examples:
          - given:
              lengths: [1, 0]
              groups: [1, 1]
              advantages: [3]
              rollout-log-probabilities: [0]
              old-log-probabilities: [0]
              reference-log-probabilities: [0]
              entropies: [0]
              levers: [0]
              rewards: [0, 0]
              tokens: [5]
            expect: {advantages: [6]}

        """,
        [
          "path": .text(workshop.file("seen")), "number": .number(0.5), "integer": .integer(-3),
          "flag": .flag(true), "choice": .text("high"),
        ], seed: 41) as? any AdvantageTransform)
    #expect(
      transform.needs == [
        .rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities, .entropies,
        .levers,
      ])
    var advantages: [Float] = [1, -2, 3.5, 0]
    var span = advantages.mutableSpan
    try transform.transform(&span, of: batch)
    #expect(advantages == [2, -4, 7, 0])
    #expect(
      try workshop.read("seen") == """
        rollout -1 -2 -3 -4
        old -5 -6 -7 -8
        reference -9 -10 -11 -12
        entropies 0.25 0.5 0.75 1
        levers 0.125 0.375 0.625 0.875
        rewards 1 0.5 -1
        tokens 10 11 12 13
        finished 1 0 1
        sequences 0 2 3 4
        groups 0 2 3
        minibatches 0 2 3
        counts 4 3 2 2 step 7 seed 41
        0.5 0.5 -3 -3 -3 1 high
        """)
  }

  @Test func `an objective is given a slice that begins anywhere`() throws {
    try workshop.build(
      Self.printing + """
        int32_t weigh(
            float *weights, float *losses, const float *now, const float *old,
            const float *reference, const float *entropies, const float *levers,
            const float *advantages, const double *shares, const int64_t *offsets, int64_t n,
            int64_t s, int64_t all, int32_t others, int64_t step, int32_t update,
            const char *path) {
          FILE *file = fopen(path, "w");
          PRINT("zero", "%g", weights, n);
          PRINT("zero", "%g", losses, n);
          PRINT("now", "%g", now, n);
          PRINT("old", "%g", old, n);
          PRINT("reference", "%g", reference, n);
          PRINT("entropies", "%g", entropies, n);
          PRINT("levers", "%g", levers, n);
          PRINT("shares", "%g", shares, s);
          PRINT("offsets", "%ld", offsets, s + 1);
          fprintf(file, "counts %ld %ld %ld %d step %ld %d", n, s, all, others, step, update);
          fclose(file);
          for (int64_t i = 0; i < n; ++i) { weights[i] = advantages[i]; losses[i] = -advantages[i]; }
          return 0;
        }
        """)
    let objective = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: policy-objective
        summary: REINFORCE
        source: a test
        library: libx.so
        function: weigh
        returns: status
        parameters:
          - {name: path, type: text, default: /dev/null, help: a file}
        arguments:
          - {type: f32*, bind: weights}
          - {type: f32*, bind: losses}
          - {type: const f32*, bind: log-probabilities}
          - {type: const f32*, bind: old-log-probabilities}
          - {type: const f32*, bind: reference-log-probabilities}
          - {type: const f32*, bind: entropies}
          - {type: const f32*, bind: levers}
          - {type: const f32*, bind: advantages}
          - {type: const f64*, bind: shares}
          - {type: const i64*, bind: sequence-offsets}
          - {type: i64, bind: token-count}
          - {type: i64, bind: sequence-count}
          - {type: i64, bind: minibatch-token-count}
          - {type: i32, bind: minibatch-sequence-count}
          - {type: i64, bind: step}
          - {type: i32, bind: update}
          - {type: utf8, bind: parameter path}
        examples:
          - given:
              lengths: [2]
              log-probabilities: [0, 0]
              old-log-probabilities: [0, 0]
              reference-log-probabilities: [0, 0]
              entropies: [0, 0]
              levers: [0, 0]
              advantages: [1, -1]
            expect: {weights: [1, -1], losses: [-1, 1]}

        """, ["path": .text(workshop.file("seen"))]) as? any PolicyObjective)
    // The current policy's entropies and levers are no columns.
    #expect(objective.needs == [.oldLogProbabilities, .referenceLogProbabilities])
    let current: [Float] = [-1, -2, -3]
    let entropies: [Float] = [0.5, 1, 2]
    let levers: [Float] = [0.25, 0, 1]
    let advantages: [Float] = [3, -4, 5]
    let old: [Float] = [-4, -5, -6]
    let reference: [Float] = [-7, -8, -9]
    let offsets = [40, 41, 43]
    let shares = [0.5, 0.125]
    let none: [Float] = []
    var weights: [Float] = [0, 0, 0]
    var losses = weights
    var metrics = MetricSums()
    let scores = TokenScores(
      logProbabilities: current.span, entropies: entropies.span, levers: levers.span)
    var filled = ColumnStore(tokenCount: 3)
    filled.set(.oldLogProbabilities, old)
    filled.set(.referenceLogProbabilities, reference)
    let columns = filled
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span, columns: columns.slice(0..<3),
      offsets: offsets.span, firstSequence: 0, groupOffsets: Span(), minibatchTokenCount: 90,
      minibatchSequenceCount: 9, shares: shares.span, survey: none.span, step: 6, update: 2)
    var weightSpan = weights.mutableSpan
    var lossSpan = losses.mutableSpan
    try objective.weigh(input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
    #expect(weights == [3, -4, 5])
    #expect(losses == [-3, 4, -5])
    #expect(
      try workshop.read("seen") == """
        zero 0 0 0
        zero 0 0 0
        now -1 -2 -3
        old -4 -5 -6
        reference -7 -8 -9
        entropies 0.5 1 2
        levers 0.25 0 1
        shares 0.5 0.125
        offsets 0 1 3
        counts 3 2 90 9 step 6 2
        """)
  }

  @Test func `a schedule fills a mask for each phase`() throws {
    try workshop.build(
      """
      void split(int32_t *masks, const float *advantages, int64_t n, int32_t phases) {
        for (int64_t i = 0; i < n; ++i) masks[(advantages[i] < 0 ? 0 : phases - 1) * n + i] = 1;
      }
      """)
    let scheduler = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: update-scheduler
        summary: negative advantages first
        source: a test
        library: libx.so
        function: split
        returns: nothing
        phases: [negative, other]
        nesting: minibatch-by-minibatch
        arguments:
          - {type: i32*, bind: masks}
          - {type: const f32*, bind: advantages}
          - {type: i64, bind: token-count}
          - {type: i32, bind: phase-count}
        examples:
          - given: {lengths: [2, 1], advantages: [-1, 1, 0]}
            expect: {negative: [1, 0, 0], other: [0, 1, 1]}

        """) as? any UpdateScheduler)
    #expect(scheduler.nesting == .minibatchByMinibatch)
    #expect(scheduler.passes == 1)
    let advantages: [Float] = [1, -1, -2, 3]
    let phases = try scheduler.phases(for: batch, advantages: advantages.span)
    #expect(phases.map(\.name) == ["negative", "other"])
    #expect(phases[0].participates == [false, true, true, false])
    #expect(phases[1].participates == [true, false, false, true])
  }

  /// The reward's arguments as text; a NUL ends the text but not its length.
  @Test func `a reward is given the sample, and texts have lengths`() throws {
    try workshop.build(
      """
      int32_t judge(
          const char *prompt, const char *completion, const char *answer, int64_t p, int64_t c,
          int32_t a, int32_t finished, int64_t tokens, int32_t limit, const char *path,
          double *result) {
        FILE *file = fopen(path, "w");
        fprintf(file, "%s|%s|%s|%ld %ld %d %d %ld %d %d", prompt, completion, answer, p, c, a,
                finished, tokens, limit, completion[c - 1]);
        fclose(file);
        *result = 0.75;
        return 0;
      }
      """)
    let reward = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: reward
        summary: three quarters
        source: a test
        library: libx.so
        function: judge
        returns: status
        correct-from: 0.75
        parameters:
          - {name: path, type: text, default: /dev/null, help: a file}
        arguments:
          - {type: utf8, bind: prompt}
          - {type: utf8, bind: completion}
          - {type: utf8, bind: answer}
          - {type: i64, bind: prompt-length}
          - {type: i64, bind: completion-length}
          - {type: i32, bind: answer-length}
          - {type: i32, bind: is-finished}
          - {type: i64, bind: token-count}
          - {type: i32, bind: token-limit}
          - {type: utf8, bind: parameter path}
          - {type: f64*, bind: result}
        examples:
          - given: {prompt: "", completion: "c", answer: "7"}
            expect: 0.75

        """, ["path": .text(workshop.file("seen"))]) as? any RewardFn)
    let score = try reward.score(
      RewardSample(
        prompt: "Was ist größer?", completion: "zwei\0drei", answer: "drei", isFinished: false,
        tokenCount: nil, tokenLimit: 40))
    #expect(score.value == 0.75)
    #expect(score.outcome == .correct)
    // ö and ß have two bytes each; an unknown count is -1; 105 is the i of 'drei'.
    #expect(try workshop.read("seen") == "Was ist größer?|zwei|drei|17 9 4 0 -1 40 105")
  }

  @Test func `a float is a reward too, below the line it is wrong, and threads may ask at once`()
    async throws
  {
    try workshop.build(
      "float length(const char *completion) { return (float)strlen(completion) / 4; }")
    let reward = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: reward
        summary: a quarter for each byte
        source: a test
        library: libx.so
        function: length
        returns: f32
        arguments: [{type: utf8, bind: completion}]
        examples: [{given: {completion: "abc"}, expect: 0.75}]

        """) as? any RewardFn)
    let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
      for length in 0..<200 {
        group.addTask {
          let score = try reward.score(
            RewardSample(
              prompt: "", completion: String(repeating: "a", count: length), answer: ""))
          #expect(score.value == Double(length) / 4)
          return score.outcome == .wrong ? 1 : 0
        }
      }
      return try await group.reduce(0, +)
    }
    // correct-from is 1 where the manifest says nothing: four bytes.
    #expect(wrong == 4)
  }
}
