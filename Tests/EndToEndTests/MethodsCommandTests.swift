import Foundation
import Testing

/// `fulcrum methods` as a user runs it: on what ships, and on a stranger's library that has all faults.
@Suite struct MethodsCommandTests {
  private static let stranger = """
    import FulcrumKernel

    protocol Fixture: AdvantageTransform {
      static var name: String { get }
      init()
    }
    extension Fixture {
      static var manual: ComponentManual {
        ComponentManual(
          name: name, summary: "a fixture", source: "none, 2", formula: "A <- A | 2")
      }
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        self.init()
      }
    }

    struct Doubling: Fixture {
      static let name = "doubling"
      func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
        throws(FulcrumError)
      {
        for token in advantages.indices { advantages[token] *= 2 }
      }
    }

    struct Refusing: Fixture {
      static let name = "refusing"
      func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
        throws(FulcrumError)
      {
        throw FulcrumError(.unsupported, "the policy can't add", hint: "use another")
      }
    }

    struct Trapping: Fixture {
      static let name = "trapping"
      func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
        throws(FulcrumError)
      {
        advantages[advantages.count] = 0
      }
    }

    struct Vague: Fixture {
      static let name = "vague"
      func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
        throws(FulcrumError)
      {
        for token in advantages.indices { advantages[token] = .nan }
      }
    }

    @c(fulcrum_plugin_strange)
    public func strange(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "strange", version: "1.0.0") {
        $0.add(advantageTransform: Trapping.self)
        $0.add(advantageTransform: Refusing.self)
        $0.add(advantageTransform: Doubling.self)
        $0.add(advantageTransform: Vague.self)
      }
    }
    """

  @Test func `a stranger's library is shown, whatever its components do`() throws {
    let folder = try CommandLine.Folder()
    let library = try PluginCompiler(folder: folder.path).library(Self.stranger)
    try PluginCompiler.install(library, as: "strange", in: folder.path)
    let figures = folder.path + "/figures"
    let result = try CommandLine().run(
      "methods", "strange", "--plugin-path", folder.path, "--output", figures)
    #expect(result.status == 1)
    let rows = result.columns.split(separator: "\n").map(String.init)
    #expect(rows.count == 6)
    #expect(rows[1] == "doubling  advantage  all ×2")
    #expect(
      rows[2]
        == "refusing  advantage  failed: advantage-transform refusing: the policy can't add (hint:"
        + " use another)")
    #expect(
      rows[3].hasPrefix("trapping  advantage  failed: advantage-transform trapping: crashed: SIG"),
      "\(rows[3])")
    #expect(
      rows[4].hasPrefix(
        "vague  advantage  failed: advantage-transform vague: expected finite advantages, got nan"))
    #expect(rows[5] == "figures \(figures), 1 figure")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: figures).sorted() == [
        "advantage-transform-doubling.svg", "methods.json",
      ])
    // One of them alone, beside those that ship, with what it says of itself.
    let one = try CommandLine().run(
      "methods", "doubling", "--markdown", "--plugin-path", folder.path)
    #expect(one.status == 0, "\(one.errors)")
    #expect(
      one.output.contains(
        "\n| **doubling** (advantage of `strange`)<br>none, 2 | `A <- A \\| 2` | – | all ×2 | – |\n"
      ))
  }

  /// Each is a command's arguments, and what it says beside its status of 2.
  @Test(arguments: [
    (["grop"], "error: no method 'grop' among the plugins\n  hint: did you mean 'grpo'?\n"),
    (
      ["math"],
      "error: plugin 'math' has no advantage transform, objective or schedule\n  hint: 'fulcrum"
        + " plugin info math' prints what it has\n"
    ),
    (
      ["grpo", "--set", "grpo.clip-hihg=1"],
      "error: --set grpo.clip-hihg: unknown parameter 'clip-hihg'\n  hint: did you mean"
        + " 'clip-high'?\n"
    ),
    (
      ["grpo", "--set", "gropo.clip-high=1"],
      "error: --set gropo: no method 'gropo' among the plugins\n  hint: did you mean 'grpo'?\n"
    ),
    (
      ["grpo", "--set", "clip-high=1"],
      "error: --set clip-high: expected component.parameter=value\n  hint: fulcrum plugin info shows"
        + " a plugin's components and their parameters\n"
    ),
    (
      ["sapo", "--set", "grpo.clip-high=0.3"],
      "error: --set grpo: 'grpo' is not among the methods that are asked for\n  hint: name it too, or"
        + " none\n"
    ),
    (
      ["kl-cov", "--set", "kl-cov.penalty=-1"],
      "error: --set kl-cov.penalty: expected a number in 0.0...1000.0, got -1\n  hint: factor of"
        + " |log pi - log pi_old| for a chosen token\n"
    ),
    (
      ["grpo", "--also", "x=grpo.clip-high=-1"],
      "error: --also x: grpo.clip-high: expected a number in 0.0...100.0, got -1\n  hint: a ratio"
        + " above 1 + clip-high gives no gradient where the advantage is positive\n"
    ),
    (
      ["grpo", "--also", "x=grpo.clip-high=0.3", "--also", "x=grpo.clip-high=0.4"],
      "error: --also x: expected a name that no other method has, got 'x' again\n  hint: give it"
        + " another name\n"
    ),
    (
      ["grpo", "--also", "grpo=grpo.clip-high=0.3"],
      "error: --also grpo: expected a name that no other method has, got 'grpo' again\n  hint: give it"
        + " another name\n"
    ),
    (
      ["./libfulcrum-nonesuch.so"],
      "error: ./libfulcrum-nonesuch.so: there is no such file\n  hint: check the path; a plugin on the"
        + " search path is named without one\n"
    ),
  ])
  func `a wrong request is told and nothing is shown`(arguments: [String], errors: String) throws {
    let result = try CommandLine().run(["methods"] + arguments)
    #expect(result.status == 2)
    #expect(result.errors == errors)
    #expect(result.output == "")
  }

  @Test func `a component is shown with other settings, under a name of its own`() throws {
    let folder = try CommandLine.Folder()
    let result = try CommandLine().run(
      "methods", "advantage-reweighting", "--also", "its opposite=advantage-reweighting.alpha=-1",
      "--output", folder.path + "/figures")
    #expect(result.status == 0, "\(result.errors)")
    // α π + 1 − α is 2 − π for α −1.
    #expect(
      result.columns.contains(
        #/its opposite  advantage  unlikely ×1\.9, between ×1\.5, likely ×1\.1/#),
      "\(result.output)")
    #expect(
      FileManager.default.fileExists(
        atPath: folder.path + "/figures/advantage-transform-its-opposite.svg"))
    func refused(_ text: String, by sentence: String) throws {
      let result = try CommandLine().run("methods", "advantage-reweighting", "--also", text)
      #expect(result.status == 2)
      #expect(result.errors.contains(sentence), "\(result.errors)")
    }
    try refused("nothing", by: "--also: expected NAME=component.parameter=value;…, got 'nothing'")
    try refused(
      "x=advantage-reweighting.alpha=0;grpo.alpha=0",
      by: "--also x: expected NAME=component.parameter=value;…, with a name and parameters of one"
        + " component, got advantage-reweighting and grpo")
    try refused(
      "x=advantage-reweighting.alpa=0", by: "--also x: unknown parameter 'alpa'")
    try refused("x=advantage-reweightin.alpha=0", by: "--also x: no method 'advantage-reweightin'")
  }

  @Test func `the page and its figures are what the plugins do`() throws {
    let folder = try CommandLine.Folder()
    let figures = folder.path + "/methods"
    let root = URL(fileURLWithPath: CommandLine.fixture("")).deletingLastPathComponent()
      .deletingLastPathComponent().path
    let documentation = root + "/Documentation"
    var script = CommandLine()
    script.executable = root + "/Scripts/methods.sh"
    let result = try script.run(CommandLine.products + "/fulcrum", figures)
    #expect(result.status == 0, "\(result.errors)")
    let page = try String(contentsOfFile: documentation + "/Methods.md", encoding: .utf8)
    let remedy = "run 'make methods' and commit what it writes"
    #expect(result.output.replacing(figures, with: "Figures/methods") == page, "\(remedy)")
    let kept = documentation + "/Figures/methods"
    let names = try FileManager.default.contentsOfDirectory(atPath: kept).sorted()
    let written = try FileManager.default.contentsOfDirectory(atPath: figures)
      .filter { $0.hasSuffix(".svg") }.sorted()
    #expect(names == written, "\(remedy)")
    for name in names {
      let (one, other) = (kept + "/" + name, figures + "/" + name)
      #expect(FileManager.default.contentsEqual(atPath: one, andPath: other), "\(name): \(remedy)")
    }
  }
}
