extension PluginTemplate.Component {
  /// Makes a schedule that splits each completion by place.
  static func updateScheduler(_ type: String, _ name: String) -> Self {
    Self(
      source: #"""
        import FulcrumKernel

        /// The beginning of each completion before its rest: of n tokens, t is early if t < share * n.
        struct \#(type): UpdateScheduler {
          static let manual = ComponentManual(
            name: "\#(name)",
            summary: "updates the first share of each completion, then the rest",
            source: "a beginning; name your paper and its algorithm here",
            formula: "t < share n of a completion's n tokens, then the others",
            parameters: [
              .number("share", default: 0.5, in: 0...1, help: "how much of a completion is early")
            ])

          private let share: Double

          init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
            share = try parameters.number("share")
          }

          func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
            -> [UpdatePhase]
          {
            var isEarly: [Bool] = []
            isEarly.reserveCapacity(batch.sequences.tokenCount)
            for sequence in 0..<batch.sequences.sequenceCount {
              let count = batch.sequences.tokens(ofSequence: sequence).count
              for token in 0..<count { isEarly.append(Double(token) < share * Double(count)) }
            }
            return [
              UpdatePhase(name: "early", participates: isEarly),
              UpdatePhase(name: "late", participates: isEarly.map { !$0 }),
            ]
          }
        }

        """#,
      tests: #"""
          @Test func `a half of each completion is early`() throws {
            let parameters = try Parameters(for: \#(type).manual.parameters, at: "schedule")
            let scheduler = try \#(type)(parameters, context: ComponentContext())
            let batch = RolloutBatch(
              sequences: SequenceBatch(prompts: [[1]], completions: [[[2, 3, 4, 5], [6, 7, 8]]]),
              rewards: [1, 0])
            let advantages: [Float] = [1, 1, 1, 1, 0, 0, 0]
            let phases = try scheduler.phases(for: batch, advantages: advantages.span)
            // Of four tokens 0 and 1 are below 2; of three 0 and 1 are below 1.5.
            let early = [true, true, false, false, true, true, false]
            #expect(phases.map(\.name) == ["early", "late"])
            #expect(phases[0].participates == early)
            #expect(phases[1].participates == early.map { !$0 })
          }

        """#,
      label: "updateScheduler",
      usage: "schedule: {use: \(name), share: 0.5}")
  }
}
