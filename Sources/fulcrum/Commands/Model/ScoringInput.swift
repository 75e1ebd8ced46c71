import FulcrumKernel
import JSON
import YAML

/// Holds the input of `model score`.
struct ScoringInput: Decodable {
  private let sequences: [[Int32]]
  private let weights: [[Float]]?
  private let temperature: Float

  init(from decoder: any Decoder) throws {
    let names = ["sequences", "weights", "temperature"]
    let container = try StrictJSON.container(of: decoder, keys: names)
    let keys = names.map(StrictJSON.Key.init(stringValue:))
    sequences = try container.decode([[StrictJSON.Whole]].self, forKey: keys[0])
      .map { $0.map(\.value) }
    weights = try container.decodeIfPresent([[Float]].self, forKey: keys[1])
    temperature = try container.decodeIfPresent(Float.self, forKey: keys[2]) ?? 1
  }

  /// - Throws: `.usage` if lengths don't fit each other or weights are missing.
  func check(needsWeights: Bool, at place: String) throws(FulcrumError) {
    func refuse(_ message: String, _ key: String) -> FulcrumError {
      FulcrumError(.usage, message, at: "\(place): \(key)")
    }
    if let empty = sequences.firstIndex(where: \.isEmpty) {
      throw refuse("expected at least one token, got none", "sequences[\(empty)]")
    }
    guard let weights else {
      guard !needsWeights else {
        throw FulcrumError(
          .usage, "expected weights for --gradients, got none", at: place,
          hint: "give \"weights\": for each sequence one weight less than tokens")
      }
      return
    }
    guard weights.count == sequences.count else {
      throw refuse(
        "expected weights for \(sequences.count) sequences, got \(weights.count)", "weights")
    }
    for (index, (weights, tokens)) in zip(weights, sequences).enumerated()
    where weights.count != tokens.count - 1 {
      throw refuse(
        "expected \(tokens.count - 1) weights for \(tokens.count) tokens, got \(weights.count)",
        "weights[\(index)]")
    }
  }

  /// The batch in which the first token of each sequence is its prompt.
  private var batch: SequenceBatch {
    SequenceBatch(
      prompts: sequences.map { Array($0.prefix(1)) },
      completions: sequences.map { [Array($0.dropFirst())] })
  }

  func score(by policy: any PolicyModel) throws(FulcrumError) -> ScoreColumns {
    let batch = batch
    var columns = ScoreColumns(batch)
    try policy.score(
      batch, sequences: 0..<sequences.count, request: ScoreRequest(temperature: temperature)
    ) {
      columns.add($1)
    }
    return columns
  }

  /// Scores the tokens, and accumulates the gradient of the loss −Σ w log π.
  func accumulate(in policy: any PolicyModel) throws(FulcrumError) -> ScoreColumns {
    let batch = batch
    let flat = weights?.flatMap(\.self) ?? []
    var columns = ScoreColumns(batch)
    try policy.accumulateGradient(
      of: batch, sequences: 0..<sequences.count, request: ScoreRequest(temperature: temperature),
      participants: .all
    ) { tokens, scores, weights in
      for i in weights.indices { weights[i] = -flat[tokens[i]] }
      columns.add(scores)
    }
    return columns
  }
}

/// Holds the scores of all tokens but the first ones, in the order of the sequences.
struct ScoreColumns {
  private let batch: SequenceBatch
  private var columns: [(name: String, values: [Float])] = [
    ("logprobs", []), ("entropy", []), ("lever", []),
  ]

  init(_ batch: SequenceBatch) { self.batch = batch }

  mutating func add(_ scores: borrowing TokenScores) {
    for i in scores.logProbabilities.indices {
      columns[0].values.append(scores.logProbabilities[i])
      columns[1].values.append(scores.entropies[i])
      columns[2].values.append(scores.levers[i])
    }
  }

  /// The scores as one object, with a list of lists for each column.
  var line: JSONLine {
    JSONLine(
      columns.map { name, values in
        let lists = (0..<batch.sequenceCount).map { sequence in
          JSONLine.Value.list(
            batch.tokens(ofSequence: sequence).map { .number(Double(values[$0])) })
        }
        return (name, .list(lists))
      })
  }
}
