import ForeignPlugins
import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// A folder in which a test builds a library in C and writes its manifest; it goes with the test.
final class Workshop {
  struct Failure: Error {
    let text: String
  }

  let path: String
  let host: PluginHost

  /// - Parameter timeout: of the examples' run.
  init(timeout: Duration = .seconds(10)) throws {
    let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent("fulcrum-foreign-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    path = url.path
    host = PluginHost(
      searchPath: PluginSearchPath(configured: [path]),
      formats: Self.formats(timeout: timeout))
  }

  /// The formats that the program knows, with the program itself to run examples.
  static func formats(
    program: String = Workshop.fulcrum, timeout: Duration = .seconds(10)
  ) -> [any LibraryFormat] {
    [SwiftLibraries(), ForeignLibraries(program: program, timeout: timeout)]
  }

  /// Another host that looks in the same folder and has loaded nothing.
  func anotherHost(program: String = Workshop.fulcrum) -> PluginHost {
    PluginHost(searchPath: host.searchPath, formats: Self.formats(program: program))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The built program, which lies beside the tests or in a folder around them.
  static var fulcrum: String {
    var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    while folder.path != "/",
      !FileManager.default.fileExists(atPath: folder.appendingPathComponent("fulcrum").path)
    {
      folder.deleteLastPathComponent()
    }
    return folder.path + "/fulcrum"
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    try setPermissions(name, 0o644)
    return file(name)
  }

  func setPermissions(_ name: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
  }

  func read(_ name: String) throws -> String {
    try String(contentsOfFile: file(name), encoding: .utf8)
  }

  /// Runs a compiler or another program and waits for it.
  static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: String(decoding: text, as: UTF8.self))
    }
  }

  /// Compiles C (or C++) into libx.so.
  func build(_ code: String, as name: String = "libx.so", plusPlus: Bool = false) throws {
    let head = "#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    let source = try write(name + (plusPlus ? ".cpp" : ".c"), head + code)
    try Self.run([
      plusPlus ? "clang++" : "clang", "-O1", "-fPIC", "-shared", source, "-o", file(name),
    ])
    try setPermissions(name, 0o755)
  }

  /// A transform that a manifest describes and that does nothing else: lines 1 to 14.
  static let manifest = """
    fulcrum-foreign: 1
    name: x
    kind: advantage-transform
    summary: doubles
    source: a test
    library: libx.so
    function: twice
    returns: nothing
    arguments:
      - {type: f32*, bind: advantages}
      - {type: i64, bind: token-count}
    examples:
      - given: {lengths: [3], advantages: [1, 2, 3]}
        expect: {advantages: [2, 4, 6]}

    """
  /// The function that it describes.
  static let code = """
    void twice(float *a, int64_t n) { for (int64_t i = 0; i < n; ++i) a[i] *= 2; }
    """

  /// Returns the host's refusal of the library, with the folder's name hidden.
  func refusal(_ manifest: String = Workshop.manifest) throws -> String {
    let path = try write("x.fulcrum.yaml", manifest)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(error?.code == .pluginRefused)
    return (error?.description ?? "").replacing(self.path, with: "…")
  }

  /// The only component of a manifest whose examples pass.
  func component(
    _ manifest: String, _ parameters: [String: ParameterValue] = [:], seed: UInt64 = 0
  ) throws -> any Component {
    let path = try write("x.fulcrum.yaml", manifest)
    let component = try #require(try host.load(path).components.first)
    return try component.make(
      try Parameters(parameters, for: component.manual.parameters, at: ""),
      context: ComponentContext(seed: seed))
  }
}
