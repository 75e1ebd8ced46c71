import ForeignPlugins
import FulcrumKernel
import PluginHost
import Testing

/// Columns of every kind, bound by their names.
@Suite struct ColumnTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func `a transform is given columns with an argument, K values a token`() throws {
    try workshop.build(
      """
      void weigh(
          float *advantages, const float *rank, const float *top, const float *mass,
          const float *tokens, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          advantages[i] = 1000 * rank[i] + 100 * top[i] + 10 * mass[i] + tokens[2 * i] + tokens[2 * i + 1];
      }
      """)
    let transform = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: advantage-transform
        summary: reads
        source: a test
        library: libx.so
        function: weigh
        returns: nothing
        arguments:
          - {type: f32*, bind: advantages}
          - {type: const f32*, bind: rank}
          - {type: const f32*, bind: top-probability}
          - {type: const f32*, bind: mass-above(0.5)}
          - {type: const f32*, bind: top-tokens(2)}
          - {type: i64, bind: token-count}
        examples:
          - given:
              lengths: [2]
              advantages: [0, 0]
              rank: [1, 0]
              top-probability: [0.5, 0.25]
              mass-above(0.5): [0.5, 0.75]
              top-tokens(2): [3, 4, 5, 6]
            expect: {advantages: [1062, 43.5]}

        """) as? any AdvantageTransform)
    let needs: Set<Column> = [.ranks, .topProbabilities, .massAbove(0.5), .topTokens(2)]
    #expect(transform.needs == needs)
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[10, 11]]]), rewards: [1],
      columns: [
        .ranks: [2, 0], .topProbabilities: [0.5, 1], .massAbove(0.5): [0.75, 1],
        .topTokens(2): [7, 8, 9, 10],
      ])
    var advantages: [Float] = [0, 0]
    var span = advantages.mutableSpan
    try transform.transform(&span, of: batch)
    #expect(advantages == [2072.5, 129])
  }

  @Test func `an objective is given what the policy says now`() throws {
    try workshop.build(
      """
      void weigh(
          float *weights, float *losses, const float *now, const float *old, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          weights[i] = now[i];
          losses[i] = old[i];
        }
      }
      """)
    let objective = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: policy-objective
        summary: reads
        source: a test
        library: libx.so
        function: weigh
        returns: nothing
        arguments:
          - {type: f32*, bind: weights}
          - {type: f32*, bind: losses}
          - {type: const f32*, bind: current-rank}
          - {type: const f32*, bind: rank}
          - {type: i64, bind: token-count}
        examples:
          - given: {lengths: [2], current-rank: [3, 4], rank: [5, 6]}
            expect: {weights: [3, 4], losses: [5, 6]}

        """) as? any PolicyObjective)
    #expect(objective.needs == [Column(.current, .rank), .ranks])
  }

  @Test func `a column that is none is refused by its name`() throws {
    try workshop.build("void weigh(float *advantages, const float *x, int64_t n) {}")
    let refusal = try workshop.refusal(
      """
      fulcrum-foreign: 1
      name: x
      kind: advantage-transform
      summary: reads
      source: a test
      library: libx.so
      function: weigh
      returns: nothing
      arguments:
        - {type: f32*, bind: advantages}
        - {type: const f32*, bind: current-rank}
        - {type: i64, bind: token-count}
      examples:
        - given: {lengths: [1], advantages: [0]}
          expect: {advantages: [0]}

      """)
    #expect(
      refusal.contains("a function of kind advantage-transform can't be given 'current-rank'"))
  }
}
