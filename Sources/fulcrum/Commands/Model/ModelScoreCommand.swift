import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import JSON
import Training

struct ModelScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Score token sequences: log-probability, entropy, lever.",
    discussion: """
      The input is one JSON object {"sequences": [[ids…], …], "weights": [[w…], …], \
      "temperature": 1.0}; the last two may be left out, but --gradients needs weights. The output \
      is {"logprobs", "entropy", "lever"}, a list for each sequence. All lists but the ids begin \
      with the second token: nothing predicts the first. Numbers read back as the same float32.

        fulcrum model score models/a --input sequences.json --output scores.json
      """)

  @Argument(help: "The model's folder.", completion: .directory)
  var folder: String

  @OptionGroup var options: PolicyOptions

  @Option(help: "The JSON object to read.", completion: .file(extensions: ["json"]))
  var input: String

  @Option(help: "The JSON object to write.")
  var output: String

  @Option(
    help: """
      Also write the gradient of the loss −Σ w log π by every parameter, as safetensors in F32 under \
      the checkpoint's names.
      """)
  var gradients: String?

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    let request = try StrictJSON.decode(
      ScoringInput.self, from: [UInt8](try FileManager.default.requiredContents(at: input)),
      of: input,
      form: #"{"sequences": [[ids…], …], "weights": [[w…], …], "temperature": 1.0}"#)
    try request.check(needsWeights: gradients != nil, at: input)
    let policy = try options.policy(checkpoint: folder, threads: try threads.count())
    try WrongRequest.rethrow(at: input) { () throws(FulcrumError) in
      if let gradients {
        let able = try policy.capability((any GradientExportPolicy).self, to: "save its gradient")
        let columns = try request.accumulate(in: able)
        try SafeFiles.writeFile(gradients) { (aside) throws(FulcrumError) in
          try able.saveGradient(to: aside)
          // Writes here, so that neither file is there without the other.
          try SafeFiles.write(columns.line.text + "\n", to: output)
        }
      } else {
        try SafeFiles.write(try request.score(by: policy).line.text + "\n", to: output)
      }
    }
  }
}
