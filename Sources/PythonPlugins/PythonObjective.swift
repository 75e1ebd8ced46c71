import FulcrumKernel
import JSON
import Wire

/// An objective in Python, one call a slice of a mini-batch.
struct PythonObjective: PolicyObjective, PythonComponent {
  private let instance: PythonInstance
  let needs: Set<Column>
  let isTokenwise: Bool

  init(_ instance: PythonInstance, needs: Set<Column>, isTokenwise: Bool) {
    (self.instance, self.needs, self.isTokenwise) = (instance, needs, isTokenwise)
  }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    _ = try instance.weigh(input, needs, &weights, &losses, &metrics)
  }
}

/// One that weighs entropies too: both kinds of weights come with one reply.
final class PythonEntropyObjective: EntropyObjective, PythonComponent {
  private let instance: PythonInstance
  let needs: Set<Column>
  let isTokenwise: Bool
  /// The reply of the last `weigh`, which `weighEntropy` of the same input follows.
  private var last: WireFrame?

  init(_ instance: PythonInstance, needs: Set<Column>, isTokenwise: Bool) {
    (self.instance, self.needs, self.isTokenwise) = (instance, needs, isTokenwise)
  }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    last = try instance.weigh(input, needs, &weights, &losses, &metrics)
  }

  func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    guard let last else {
      throw FulcrumError(
        .usage, "entropies are weighed after log-probabilities", at: instance.manual.name)
    }
    try instance.fill(&weights, from: last, "entropyWeights", call: "weigh")
    try instance.fill(&losses, from: last, "entropyLosses", call: "weigh")
  }
}

extension PythonInstance {
  fileprivate func weigh(
    _ input: borrowing ObjectiveInput, _ needs: Set<Column>, _ weights: inout MutableSpan<Float>,
    _ losses: inout MutableSpan<Float>, _ metrics: inout MetricSums
  ) throws(FulcrumError) -> WireFrame {
    var offsets = [0]
    var shares: [Double] = []
    var groups: [Int] = []
    for sequence in 0..<input.sequenceCount {
      offsets.append(input.tokens(ofSequence: sequence).upperBound)
      shares.append(input.share(ofSequence: sequence))
      groups.append(input.group(ofSequence: sequence))
    }
    var arrays: [(name: String, array: WireArray)] = [
      ("logProbabilities", WireArray(input.logProbabilities.array)),
      ("entropies", WireArray(input.entropies.array)),
      ("levers", WireArray(input.levers.array)),
      ("advantages", WireArray(input.advantages.array)),
      ("offsets", WireArray(offsets)), ("shares", WireArray(shares)),
      ("groups", WireArray(groups)),
    ]
    for column in needs.sorted(by: { $0.name < $1.name }) {
      arrays.append((column.arrayName, column.array(try input.column(column).array)))
    }
    let frame = try call(
      "weigh",
      [
        JSONMember("step", .integer(Int(input.step))),
        JSONMember("update", .integer(Int(input.update))),
        JSONMember("minibatchTokenCount", .integer(input.minibatchTokenCount)),
        JSONMember("minibatchSequenceCount", .integer(input.minibatchSequenceCount)),
      ], arrays)
    try fill(&weights, from: frame, "weights", call: "weigh")
    try fill(&losses, from: frame, "losses", call: "weigh")
    try report(frame, to: &metrics)
    return frame
  }
}
