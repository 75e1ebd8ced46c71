import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import JSON
import Microscope
import PluginHost
import Runs

extension OptimizerChoice: ExpressibleByArgument {}

struct MicroscopeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "microscope",
    abstract: "Measure which tokens move a policy: the figures of arXiv 2505.12929.",
    discussion: """
      Takes one update from a checkpoint at a time, with all tokens or with those of one interval of \
      probability, and scores the same tokens again. Writes microscope.json \
      (Documentation/Microscope.md) and prints a table, the paper's numbers beside.

        fulcrum microscope runs/a
        fulcrum microscope run.yaml --batches 5 --arm 'twice=update.iterations=2'
        fulcrum microscope --print-words > words.yaml
      """)

  @Argument(
    help: ArgumentHelp("A run directory, or a configuration.", valueName: "run|config"),
    completion: .configurations)
  var path: String?

  @Option(
    help: "The policy's folder; by default a run's newest checkpoint, or the configuration's.",
    completion: .directory)
  var checkpoint: String?

  @Option(help: "Batches to look at; by default as many as the configuration's microscope.batches.")
  var batches: Int?

  @Flag(help: "Sample, though the run recorded its rollouts.")
  var fresh = false

  @Option(
    help: "sgd: plain ascent, as in the paper; adamw: the policy's own optimiser, as configured.")
  var optimizer = OptimizerChoice.sgd

  @Option(
    name: .customLong("learning-rate"),
    help: "By default 1e-3 with sgd, as in the paper; else the configuration's.")
  var learningRate: Double?

  @OptionGroup var arms: ArmOptions

  @Option(
    help: ArgumentHelp(
      "The lists of words of Fig. 5; by default the configuration's microscope.words, or built in.",
      valueName: "file"))
  var words: String?

  @Flag(help: "Print the built-in lists of words, to be changed and given to --words; no more.")
  var printWords = false

  @Option(help: "Tokens of the vocabulary, for a policy that doesn't say.")
  var vocabulary: Int?

  @Option(
    name: .customLong("layer-tokens"),
    help: "Tokens of each interval and batch whose gradients at every layer are taken; 0: none.")
  var layerTokens = 64

  @Option(help: "The file to write; by default RUN/microscope.json, or microscope.json here.")
  var output: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Override a key of the configuration. May be given again and again.")
  var overrides: [String] = []

  func validate() throws {
    guard path != nil || printWords else {
      throw ValidationError("Missing expected argument '<run|config>'")
    }
  }

  func run() throws {
    guard let path, !printWords else {
      print(BuiltInWords.yaml, terminator: "")
      return
    }
    if let batches, batches < 1 {
      throw FulcrumError(.usage, "expected at least 1, got \(batches)", at: "--batches")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw FulcrumError(
        .usage, "expected a number above 0, got \(learningRate)", at: "--learning-rate")
    }
    guard layerTokens >= 0 else {
      throw FulcrumError(.usage, "expected at least 0, got \(layerTokens)", at: "--layer-tokens")
    }
    let run = try MicroscopeSession.run(at: path)
    let tree = try WorkingFolder.enter(for: run?.configuration ?? path, overrides: overrides)
    var request = MicroscopeRequest(path: WorkingFolder.path(path))
    request.configuration = tree
    request.checkpoint = checkpoint.map(WorkingFolder.path)
    request.batches = batches
    request.isFresh = fresh
    request.optimizer = optimizer
    request.learningRate = learningRate
    request.arms = try arms.chosen()
    request.words = words.map(WorkingFolder.path)
    request.vocabulary = vocabulary
    request.layerTokens = layerTokens
    let file: String
    if let output {
      file = WorkingFolder.path(output)
    } else {
      file = WorkingFolder.path(
        run.map { $0.path + "/" + MicroscopeRecord.fileName } ?? MicroscopeRecord.fileName)
    }
    let session = try MicroscopeSession(
      request, host: Plugins.host, note: Fulcrum.report)
    let record = try session.look(note: Fulcrum.report)
    try SafeFiles.write(record.text + "\n", to: file)
    print(MicroscopeTable(record).text.onTerminal)
    print("written: \(file)")
  }
}
