extension PluginTemplate.Component {
  /// Makes a reward that compares the last line with the answer.
  static func reward(_ type: String, _ name: String) -> Self {
    Self(
      source: #"""
        import FulcrumKernel

        /// 1 if the completion's last line is the answer, 0 if not, `unfinished` if it was cut.
        struct \#(type): RewardFn {
          static let manual = ComponentManual(
            name: "\#(name)",
            summary: "1 if the last line is the answer, else 0",
            source: "a beginning; say here what your rule is from",
            parameters: [
              .number(
                "unfinished", default: 0, in: -10...10,
                help: "what a completion gets that was cut at the length limit")
            ])

          private let unfinished: Double

          init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
            unfinished = try parameters.number("unfinished")
          }

          func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
            guard sample.isFinished else {
              return .scored(unfinished, .badFormat)
            }
            let lines = sample.completion.split(whereSeparator: \.isNewline).map(trimmed)
            guard let last = lines.last(where: { !$0.isEmpty }) else {
              return .scored(0, .unparseable)
            }
            let isRight = last == trimmed(sample.answer[...])
            return .scored(isRight ? 1 : 0, isRight ? .correct : .wrong)
          }

          private func trimmed(_ text: Substring) -> Substring {
            var text = text.drop(while: \.isWhitespace)
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
          }
        }

        """#,
      tests: #"""
          @Test(arguments: [
            ("6 * 7 is\n 42 \n", true, 1, RewardOutcome.correct), ("42, or 43", true, 0, .wrong),
            (" \n", true, 0, .unparseable), ("42", false, -0.5, .badFormat),
          ])
          func `the last line counts`(
            completion: String, isFinished: Bool, reward: Double, outcome: RewardOutcome
          ) throws {
            let parameters = try Parameters(
              ["unfinished": .number(-0.5)], for: \#(type).manual.parameters, at: "reward")
            let score = try \#(type)(parameters, context: ComponentContext()).score(
              RewardSample(
                prompt: "6 * 7?", completion: completion, answer: "42", isFinished: isFinished))
            #expect(score.value == reward)
            #expect(score.outcome == outcome)
          }

        """#,
      label: "reward",
      usage: "reward: {use: \(name), unfinished: -0.5}")
  }
}
