import ArgumentParser
import FulcrumKernel
import Settings

/// Reads arms beside the configured one from the command line.
struct ArmOptions: ParsableArguments {
  @Option(
    name: .customLong("arm"), parsing: .singleValue,
    help: """
      Another way to train: NAME=key=value;key=value. May be given again; replaces the \
      configuration's arms.
      """)
  var texts: [String] = []

  /// Returns the arms that are named; `nil` if none is, which stands for the configuration's.
  func chosen() throws(FulcrumError) -> [ArmChoice]? {
    texts.isEmpty ? nil : try ArmChoice.all(texts)
  }
}
