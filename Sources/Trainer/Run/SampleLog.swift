import FulcrumKernel

/// Writes some completions of a step to `samples/step-N.jsonl`, for people to read.
struct SampleLog {
  private let count: Int
  private let every: Int
  private let directory: RunDirectory

  init(_ section: Parameters, directory: RunDirectory) throws(FulcrumError) {
    count = try section.integer("samples")
    every = try section.integer("samples-every")
    self.directory = directory
  }

  /// The first completions of the batch, whole groups side by side.
  func write(_ rollout: Rollout, advantages: [Float], step: Int) throws(FulcrumError) {
    guard count > 0, step % every == 0 else { return }
    let sequences = rollout.sequences
    var text = ""
    for sequence in 0..<min(count, sequences.sequenceCount) {
      let item = rollout.items[sequences.group(ofSequence: sequence)]
      let tokens = sequences.tokens(ofSequence: sequence)
      let outcome = rollout.outcomes[sequence]
      text +=
        JSONLine([
          ("step", .number(Double(step))), ("id", .text(item.id)), ("prompt", .text(item.prompt)),
          ("completion", .text(rollout.completions[sequence])), ("answer", .text(item.answer)),
          ("reward", .number(Double(rollout.rewards[sequence]))),
          ("outcome", .text(outcome.rawValue)),
          ("tokens", .number(Double(tokens.count))),
          ("finished", .flag(rollout.isFinished[sequence])),
          (
            "advantage_mean",
            .number(Statistics.mean(tokens.map { Double(advantages[$0]) }))
          ),
        ]).text + "\n"
    }
    try SafeFiles.write(text, to: directory.samples + "/step-\(step).jsonl")
  }
}
