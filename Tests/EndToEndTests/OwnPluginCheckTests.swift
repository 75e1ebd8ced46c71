import Foundation
import Testing

/// Every plugin of this repository keeps what its kinds promise, by the command that strangers use.
@Suite(.serialized) struct OwnPluginCheckTests {
  /// Parameters without a default.
  private static let settings = [
    "jsonl": ["jsonl.train=\(train)"],
    "process": [
      "process.command=[python3, \"\(CommandLine.fixture("../../Examples/Process/reward.py"))\"]"
    ],
    "overlong": ["overlong.buffer=20"],
    // An engine without PyTorch.
    "torch": [
      "torch.checkpoint=\(engine)",
      "torch.launch=[env, \"PYTHONPATH=\(engine):\(CommandLine.fixture("../../Python"))\"]",
    ],
    "token-filter": ["token-filter.from=0.25", "token-filter.to=0.75"],
  ]
  /// Samples for rewards that can't judge made-up ones.
  private static let samples = ["countdown": CommandLine.fixture("countdown-samples.jsonl")]
  private static let engine = CommandLine.fixture("engine")
  private static let train = CommandLine.fixture(
    "../../Documentation/Recipes/math-sample.jsonl")

  private static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: CommandLine.products)) ?? []
    return files.filter { $0.hasPrefix("libfulcrum-") && $0.hasSuffix(".so") }
      .map { String($0.dropFirst("libfulcrum-".count).dropLast(".so".count)) }.sorted()
  }()

  @Test func `they are all there`() { #expect(Self.names.count >= 20) }

  @Test(arguments: names)
  func `it passes`(name: String) throws {
    let settings = Self.settings[name, default: []].flatMap { ["--set", $0] }
    let samples = Self.samples[name].map { ["--samples", $0] } ?? []
    let checks = try PluginChecks([name] + settings + samples)
    #expect(checks.status == 0, "\(checks.rows.filter { $0.outcome != "ok" })\(checks.errors)")
    // Nothing of ours goes unchecked either.
    let skipped = checks.rows.filter { $0.outcome != "ok" }
    #expect(skipped.isEmpty, "\(skipped)")
    #expect(checks.rows.count > 15)
  }

  @Test func `a required parameter that is not given is asked for, and nothing is claimed`() throws
  {
    let checks = try PluginChecks("overlong")
    #expect(checks.status == 2)
    let row = try checks.row("the request gives each required parameter")
    #expect(row.outcome == "skipped")
    #expect(row.detail == "give --set overlong.buffer=… (a whole number in 1...1000000)")
    #expect(checks.faults.isEmpty)
  }

  @Test func `wrong requests have status 2 and say what is meant`() throws {
    func errors(_ arguments: String...) throws -> String {
      let result = try CommandLine().run(["plugin", "check"] + arguments)
      #expect(result.status == 2, "\(arguments)")
      return result.errors
    }
    #expect(try errors("lopto").contains("error: no plugin 'lopto': none of these folders has"))
    #expect(try errors("./none.so").contains("there is no such file"))
    #expect(
      try errors("lopti", "--set", "lopty.eta=0.5") == """
        error: --set: plugin 'lopti' has no component 'lopty'
          hint: did you mean 'lopti'?

        """)
    #expect(
      try errors("lopti", "--set", "lopti.etta=0.5") == """
        error: --set lopti.etta: unknown parameter 'etta'
          hint: did you mean 'eta'?

        """)
    #expect(
      try errors("lopti", "--set", "eta=0.5").hasPrefix(
        "error: --set eta: expected component.parameter=value\n"))
    #expect(
      try errors("lopti", "--time-limit", "0").hasPrefix(
        "error: --time-limit: expected seconds above 0 and up to 3600, got 0.0"))
  }

  @Test func `a value that the schema forbids is a fault with its key`() throws {
    let checks = try PluginChecks("lopti", "--set", "lopti.eta=2")
    #expect(checks.status == 1)
    #expect(
      try checks.row("the parameters, completed with defaults, make an instance").detail.hasPrefix(
        "lopti.eta: expected a number in 0.0...1.0, got 2"))
  }
}
