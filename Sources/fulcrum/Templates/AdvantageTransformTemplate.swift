extension PluginTemplate.Component {
  /// Makes an advantage that caps the lever of every token.
  static func advantageTransform(_ type: String, _ name: String) -> Self {
    Self(
      source: #"""
        import FulcrumKernel

        /// Shortens long levers: A <- A * min(1, cap / lever), where lever = |grad_z log pi|.
        struct \#(type): AdvantageTransform {
          static let manual = ComponentManual(
            name: "\#(name)",
            summary: "shortens long levers: A <- A * min(1, cap / lever)",
            source: "a beginning; name your paper and its equation here",
            formula: "A ← A min(1, cap / ‖e − π‖)",
            parameters: [
              .number("cap", default: 0.5, in: 0.01...1.5, help: "no lever is longer than 1.415")
            ])

          let needs: Set<Column> = [.levers]
          private let cap: Float

          init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
            cap = Float(try parameters.number("cap"))
          }

          func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
            throws(FulcrumError)
          {
            let levers = try batch.column(.levers)
            for token in advantages.indices where levers[token] > cap {
              advantages[token] *= cap / levers[token]
            }
          }
        }

        """#,
      tests: #"""
          @Test func `a lever of twice the cap halves the advantage`() throws {
            let parameters = try Parameters(
              ["cap": .number(0.5)], for: \#(type).manual.parameters, at: "advantage[0]")
            let transform = try \#(type)(parameters, context: ComponentContext())
            let batch = RolloutBatch(
              sequences: SequenceBatch(prompts: [[1]], completions: [[[2, 3], [4]]]),
              rewards: [4, -4], columns: [.levers: [1, 0.25, 0.5]])
            var advantages: [Float] = [4, 4, -4]
            var span = advantages.mutableSpan
            try transform.transform(&span, of: batch)
            // 4 * 0.5 / 1 = 2; the other levers are within the cap. Exact in binary.
            #expect(advantages == [2, 4, -4])
          }

        """#,
      label: "advantageTransform",
      usage: "advantage: [{use: \(name), cap: 0.5}]     # a chain: it may stand behind others")
  }
}
