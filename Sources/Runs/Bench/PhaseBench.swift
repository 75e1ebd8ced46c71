import FulcrumKernel

/// Measures what an update costs that goes through a batch in two phases, unlikely tokens and the
/// others, beside one that goes through it once.
struct PhaseBench {
  /// Tokens whose probability is below it are the first phase's, as in arXiv 2505.12929.
  static let threshold: Float = 0.5

  let policy: any PolicyModel
  let sequences: SequenceBatch
  /// log π of the tokens.
  let logProbabilities: [Float]

  /// Holds what was measured.
  struct Result: Sendable {
    /// Median of the ratios of two phases' seconds to one phase's.
    let ratio: Double
    /// The share of the tokens that are in the first phase.
    let unlikelyShare: Double
  }

  /// Measures both ways in turn, so that what else the machine does falls on both alike.
  ///
  /// - Parameter repeats: pairs that count; one before them touches fresh memory.
  func run(repeats: Int) throws(FulcrumError) -> Result {
    let unlikely = logProbabilities.map { exp($0) < Self.threshold }
    let phases = [TokenMask(unlikely), TokenMask(unlikely.map { !$0 })]
    var ratios: [Double] = []
    for pass in 0...repeats {
      let one = try seconds { () throws(FulcrumError) in
        try policy.accumulateTrialGradient(of: sequences)
      }
      let two = try seconds { () throws(FulcrumError) in
        for phase in phases {
          try policy.accumulateTrialGradient(of: sequences, participants: phase)
        }
      }
      if pass > 0 { ratios.append(two / one) }
    }
    let count = unlikely.count(where: \.self)
    return Result(
      ratio: ratios.sorted()[ratios.count / 2],
      unlikelyShare: Double(count) / Double(max(1, unlikely.count)))
  }

  private func seconds(_ work: () throws(FulcrumError) -> Void) throws(FulcrumError) -> Double {
    let began = ContinuousClock.now
    try work()
    return (ContinuousClock.now - began) / .seconds(1)
  }
}
