import ArgumentParser
import FulcrumKernel
import Settings

/// Arms beside the configured one, as the command line names them.
struct ArmOptions: ParsableArguments {
  @Option(
    name: .customLong("arm"), parsing: .singleValue,
    help: """
      Another way to train: NAME=key=value;key=value. May be given again; replaces the \
      configuration's arms.
      """)
  var texts: [String] = []

  /// `nil`: none is named; the configuration's are meant.
  func chosen() throws(FulcrumError) -> [ArmChoice]? {
    texts.isEmpty ? nil : try ArmChoice.all(texts)
  }
}
