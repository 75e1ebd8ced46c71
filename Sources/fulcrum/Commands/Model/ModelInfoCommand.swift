import ArgumentParser
import FulcrumKernel
import JSON
import Training

struct ModelInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print what a model folder holds.",
    discussion: """
      The model is loaded, so that a damaged folder is found out.

        fulcrum model info models/a
      """)

  @Argument(help: "The model's folder, as on Hugging Face.", completion: .directory)
  var folder: String

  @OptionGroup var options: PolicyOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let policy = try options.policy(checkpoint: folder, threads: 1)
    try policy.loadWeights()
    let facts = try policy.capability((any DescribedPolicy).self, to: "say what it is made of")
      .facts
    print(json ? ModelFacts.line(facts).text : ModelFacts.text(facts))
  }
}

/// Prints a model's facts, in either form of output.
enum ModelFacts {
  static func text(_ facts: [ModelFact]) -> String {
    let width = facts.map(\.name.count).max() ?? 0
    return facts.map { fact in
      let text =
        if case .texts(let texts) = fact.value { texts.joined(separator: " ") } else {
          fact.value.description
        }
      return fact.name + String(repeating: " ", count: width - fact.name.count + 2) + text
    }.joined(separator: "\n")
  }

  static func line(_ facts: [ModelFact]) -> JSONLine {
    JSONLine(facts.map { ($0.name, value($0.value)) })
  }

  private static func value(_ value: ParameterValue) -> JSONLine.Value {
    switch value {
    case .number(let number): .number(number)
    case .integer(let integer): .number(Double(integer))
    case .flag(let flag): .flag(flag)
    case .text(let text): .text(text)
    case .integers(let integers): .list(integers.map { .number(Double($0)) })
    case .numbers(let numbers): .list(numbers.map { .number($0) })
    case .texts(let texts): .list(texts.map { .text($0) })
    @unknown default: .text(value.description)
    }
  }
}
