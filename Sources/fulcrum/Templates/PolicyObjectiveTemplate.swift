extension PluginTemplate.Component {
  /// Makes an objective that is the policy gradient with a spring to the old policy.
  static func policyObjective(_ type: String, _ name: String) -> Self {
    Self(
      source: #"""
        import FulcrumKernel

        /// The policy gradient with a spring to the old policy: with d = log pi - log pi_old,
        /// J = sum of share * (A * log pi - beta / 2 * d^2), so w = share * (A - beta * d).
        struct \#(type): PolicyObjective {
          static let manual = ComponentManual(
            name: "\#(name)",
            summary: "A * log pi - beta / 2 * (log pi - log pi_old)^2",
            source: "a beginning; name your paper and its equation here",
            formula: "w = A − β log r",
            parameters: [
              .number("beta", default: 0.1, in: 0...100, help: "how stiff the spring is; 0: none")
            ])

          let needs: Set<Column> = [.oldLogProbabilities]
          // A token's weight needs no other token: a schedule's phases cost what their tokens cost.
          let isTokenwise = true
          private let beta: Double

          init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
            beta = try parameters.number("beta")
          }

          func weigh(
            _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
            losses: inout MutableSpan<Float>, metrics: inout MetricSums
          ) throws(FulcrumError) {
            var squares = 0.0
            for sequence in 0..<input.sequenceCount {
              let share = input.share(ofSequence: sequence)
              for token in input.tokens(ofSequence: sequence) {
                let advantage = Double(input.advantages[token])
                let logProbability = Double(input.logProbabilities[token])
                let drift = logProbability - Double(input.oldLogProbabilities[token])
                weights[token] = Float(share * (advantage - beta * drift))
                losses[token] = Float(
                  share * (beta / 2 * drift * drift - advantage * logProbability))
                squares += drift * drift
              }
            }
            metrics.add("drift/square_mean", sum: squares, count: input.tokenCount)
          }
        }

        """#,
      tests: #"""
          @Test func `the spring pulls back the token that moved`() throws {
            let parameters = try Parameters(
              ["beta": .number(0.5)], for: \#(type).manual.parameters, at: "objective[0]")
            let objective = try \#(type)(parameters, context: ComponentContext())
            let (new, old): ([Float], [Float]) = ([-1, -2], [-1.5, -2])
            let (advantages, offsets): ([Float], [Int]) = ([2, -1], [0, 2])
            var (weights, losses): ([Float], [Float]) = ([0, 0], [0, 0])
            var weightSpan = weights.mutableSpan
            var lossSpan = losses.mutableSpan
            var metrics = MetricSums()
            let scores = TokenScores(
              logProbabilities: new.span, entropies: Span(), levers: Span())
            try objective.weigh(
              ObjectiveInput(
                scores: scores, advantages: advantages.span, oldLogProbabilities: old.span,
                referenceLogProbabilities: Span(), offsets: offsets.span, minibatchTokenCount: 2,
                minibatchSequenceCount: 1),
              weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
            // Shares 1/2, drifts 1/2 and 0: (2 - 1/4) / 2 and -1/2; losses (1/16 + 2) / 2 and -2 / 2.
            #expect(weights == [0.875, -0.5])
            #expect(losses == [1.03125, -1])
            #expect(metrics.mean("drift/square_mean") == 0.125)
          }

        """#,
      label: "policyObjective",
      usage: "objective: {use: \(name), beta: 0.1}")
  }
}
