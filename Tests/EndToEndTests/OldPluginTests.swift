import Foundation
import Testing

/// A plugin that was built for the oldest interface of this major number works unrebuilt.
///
/// The compiler sees nothing of today's kernel: only the committed text of the oldest interface.
@Suite(.serialized) struct OldPluginTests {
  private let folder: CommandLine.Folder
  private let compiler: PluginCompiler
  private let minor: Int
  private let currentMinor: Int

  init() throws {
    folder = try CommandLine.Folder()
    let interfaces = URL(fileURLWithPath: CommandLine.fixture("../../Sources/Kernel/Interface"))
    let numbers = try FileManager.default.contentsOfDirectory(atPath: interfaces.path)
      .compactMap { name in
        name.hasPrefix("2.") && name.hasSuffix(".swiftinterface")
          ? Int(name.dropFirst(2).dropLast(".swiftinterface".count)) : nil
      }
    minor = try #require(numbers.min())
    currentMinor = try #require(numbers.max())
    let text = try String(
      contentsOf: interfaces.appendingPathComponent("2.\(minor).swiftinterface"), encoding: .utf8)
    // What print-interface.sh leaves out: the lines that make a module of the text.
    let head = """
      // swift-interface-format-version: 1.0
      // swift-module-flags: -enable-library-evolution -swift-version 6 -module-name FulcrumKernel \
      -enable-experimental-feature Lifetimes -enable-upcoming-feature ExistentialAny
      import Swift
      import _Concurrency

      """
    let modules = folder.path + "/interface"
    try FileManager.default.createDirectory(atPath: modules, withIntermediateDirectories: true)
    try (head + text).write(
      toFile: modules + "/FulcrumKernel.swiftinterface", atomically: true, encoding: .utf8)
    compiler = PluginCompiler(folder: folder.path, modules: modules, interfaceMinor: minor)
  }

  private func install() throws -> String {
    let plugins = folder.path + "/plugins"
    try FileManager.default.createDirectory(
      atPath: plugins, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let library = try compiler.library(Self.source)
    return try PluginCompiler.install(library, as: "veteran", in: plugins)
  }

  @Test func `one of the interface before is refused by name, with the remedy`() throws {
    var before = compiler
    before.interfaceMajor = 1
    let folder = folder.path + "/plugins"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let library = try before.library(Self.source, name: "before")
    let path = try PluginCompiler.install(library, as: "veteran", in: folder)
    let info = try CommandLine().run("plugin", "info", path)
    #expect(info.status != 0)
    #expect(
      info.errors.contains(
        """
        libfulcrum-veteran.so: refused: built for kernel interface 1.\(minor), this host has \
        2.\(currentMinor)
          hint: rebuild the plugin against this host's kernel
        """), "\(info.errors)")
  }

  @Test func `today's host lists it, knows its age and finds it sound`() throws {
    let path = try install()
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let list = try CommandLine().run("plugin", "list", "--plugin-path", folder)
    #expect(list.status == 0, "\(list.output)")
    #expect(list.output.contains("veteran 1.0.0\n"))
    let info = try CommandLine().run("plugin", "info", path)
    #expect(info.output.contains("built for  kernel interface 2.\(minor),"))
    let checks = try PluginChecks("veteran", "--plugin-path", folder)
    #expect(checks.rows.first?.detail == "kernel interface 2.\(minor)")
    // It divides by the token count itself, as a careless author may. All else is kept.
    #expect(
      checks.faults == [
        "tokens of share 0 have weights and losses of 0", "weights are in proportion to the shares",
      ])
  }

  @Test func `its transform and its objective train as today's do`() throws {
    let path = try install()
    let config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
    func step(_ name: String, _ settings: String...) throws -> [String: Double] {
      let output = folder.path + "/" + name
      // One optimiser step, on policy: the ratio is 1, so the clipped objective's weight is A / N.
      let common = [
        "output=\(output)", "steps=1", "schedule=single", "update.minibatch-prompts=4",
        "evaluation.items=0",
      ]
      let result = try CommandLine().run(
        ["train", config] + (common + settings).flatMap { ["--set", $0] })
      try #require(result.status == 0, "\(result.errors)")
      return try #require(try SmallRun.metrics(of: output).first)
    }
    let today = try step("today", "advantage=[{use: grpo}]", "objective=[{use: grpo}]")
    let plugins = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let old = try step(
      "old", "plugin-path=[\(plugins)]", "objective=[{use: veteran/plain-gradient}]",
      "advantage=[{use: grpo}, {use: veteran/louder, factor: 4}]")
    let norm = try #require(today["grad_norm"])
    #expect(norm > 0)
    // A factor of 4 is exact in binary, but 1 / N is rounded in another place: two ulps of Float
    // for each weight, of which the norm is a mean.
    #expect(abs(try #require(old["grad_norm"]) / norm - 4) < 4e-6)
    #expect(old["veteran/mean"] == 1)
    #expect(old["veteran/agree"] == 1)
  }

  /// Written for 2.0, and kept as it is: a transform that reports, with a list of numbers and the
  /// kernel's own functions, and an objective that reads columns and divides by the token count itself.
  private static let source = """
    import FulcrumKernel

    struct Louder: ReportingTransform {
      static var manual: ComponentManual {
        ComponentManual(
          name: "louder", summary: "Multiplies advantages by a factor.", source: "a fixture",
          parameters: [
            .number(
              "factor", default: 2, in: 0...10, help: "the factor", meaning: .tokenDamping),
            .numbers("powers", default: [0], in: -1...1, help: "of e, further factors"),
          ])
      }
      let needs: Set<Column> = [.ranks, .topTokens(2)]
      let factor: Float

      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        let powers = try parameters.numbers("powers").reduce(0, +)
        factor = Float(try parameters.number("factor") * exp(powers))
      }

      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
      ) throws(FulcrumError) {
        let ranks = try batch.column(.ranks)
        let tops = try batch.column(.topTokens(2))
        var first = 0
        for token in 0..<batch.sequences.tokenCount {
          advantages[token] *= factor
          let isTop = tops[2 * token] == Float(batch.sequences.tokens[token])
          if isTop == (ranks[token] == 0) { first += 1 }
        }
        metrics.add(
          "veteran/agree", sum: Double(first), count: batch.sequences.tokenCount)
      }
    }

    struct PlainGradient: PolicyObjective {
      static var manual: ComponentManual {
        ComponentManual(
          name: "plain-gradient", summary: "w = A / N, without a ratio.", source: "a fixture")
      }
      let needs: Set<Column> = [Column(.current, .topProbability)]
      var isTokenwise: Bool { true }

      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

      func weigh(
        _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
        losses: inout MutableSpan<Float>, metrics: inout MetricSums
      ) throws(FulcrumError) {
        let tops = try input.column(Column(.current, .topProbability))
        for token in 0..<input.tokenCount where tops[token] > 0 {
          weights[token] = input.advantages[token] / Float(input.minibatchTokenCount)
          losses[token] = -weights[token] * input.logProbabilities[token]
        }
        metrics.add("veteran/mean", sum: Double(input.tokenCount), count: input.tokenCount)
      }
    }

    @c(fulcrum_plugin_veteran)
    public func veteran(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "veteran", version: "1.0.0") {
        $0.add(advantageTransform: Louder.self)
        $0.add(policyObjective: PlainGradient.self)
      }
    }
    """
}
