import Foundation
import PluginHost
import Testing

/// One real Swift library with the entry functions of several plugins, some of them defective.
///
/// A copy of it under a plugin's file name is that plugin, so one compilation serves all tests.
enum SwiftPlugins {
  /// Puts the plugin into a folder and gives the library's path.
  @discardableResult
  static func install(_ name: String, in folder: String) throws -> String {
    let path = folder + "/libfulcrum-\(name).so"
    try FileManager.default.copyItem(atPath: try library.get(), toPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  private static let library = Result { try build() }

  private static func build() throws -> String {
    let products = try #require(PluginSearchPath.folderOfThisExecutable)
    // Where SwiftPM puts modules: its older versions beside the products.
    let modules = try #require(
      ["Modules", "."].map { products + "/" + $0 }.first {
        FileManager.default.fileExists(atPath: $0 + "/FulcrumKernel.swiftmodule")
      }, "no FulcrumKernel.swiftmodule beside or under \(products)")

    let folder = products + "/PluginHostFixtures"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try source.write(toFile: folder + "/Plugins.swift", atomically: true, encoding: .utf8)
    let stamp = Toolchain.root + "/Sources/Kernel/Sources/FulcrumStamp/"
    try Toolchain.run([
      "clang", "-c", "-fPIC", "-I", stamp + "include", stamp + "FulcrumStamp.c",
      "-o", folder + "/FulcrumStamp.o",
    ])
    try Toolchain.run([
      "swiftc", "-emit-library", "-parse-as-library", "-swift-version", "6",
      "-module-name", "Fixtures", "-I", modules, "-L", products, "-lFulcrumKernel",
      folder + "/Plugins.swift", folder + "/FulcrumStamp.o", "-o", folder + "/plugins.so",
    ])
    return folder + "/plugins.so"
  }

  private static let source = """
    import FulcrumKernel

    func manual(_ name: String, _ parameters: [Parameter] = []) -> ComponentManual {
      ComponentManual(name: name, summary: "A fixture.", source: "none", parameters: parameters)
    }

    /// Adds scale times the entropy to each token's advantage.
    struct Good: AdvantageTransform {
      static var manual: ComponentManual {
        Fixtures.manual("good", [.number("scale", default: 0.5, in: 0...1, help: "the factor")])
      }
      let scale: Float
      var needs: Set<Column> { [.entropies] }

      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        scale = Float(try parameters.number("scale"))
      }

      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        let entropies = try batch.column(.entropies)
        for token in 0..<batch.sequences.tokenCount {
          advantages[token] += scale * entropies[token]
        }
      }
    }

    protocol Idle: AdvantageTransform { init() }
    extension Idle {
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        self.init()
      }
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {}
    }

    struct First: Idle { static var manual: ComponentManual { Fixtures.manual("first") } }
    struct Second: Idle { static var manual: ComponentManual { Fixtures.manual("second") } }
    struct BadManual: Idle {
      static var manual: ComponentManual {
        Fixtures.manual("Bad_Name", [
          .number("scale", default: 2, in: 0...1, help: "the factor"),
          .flag("scale", default: true, help: "again"),
          .flag("twoWords", default: true, help: "a name in the wrong case"),
        ])
      }
    }

    @c(fulcrum_plugin_good)
    public func good(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "good", version: "1.2.3") {
        $0.add(advantageTransform: Good.self)
        $0.add(advantageTransform: First.self)
      }
    }

    @c(fulcrum_plugin_failing)
    public func failing(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "failing", version: "1.0.0") {
        $0.add(advantageTransform: Good.self)
        throw FulcrumError(
          .unsupported, "expected a licence, got none", at: "licence.txt", hint: "buy one")
      }
    }

    struct Plain: Error {}

    @c(fulcrum_plugin_failing_plainly)
    public func failingPlainly(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "failing-plainly", version: "1.0.0") { _ in
        throw Plain()
      }
    }

    @c(fulcrum_plugin_empty)
    public func empty(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "empty", version: "1.0.0") { _ in }
    }

    @c(fulcrum_plugin_impostor)
    public func impostor(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "good", version: "1.0.0") {
        $0.add(advantageTransform: Good.self)
      }
    }

    @c(fulcrum_plugin_twice)
    public func twice(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "twice", version: "1.0.0") {
        $0.add(advantageTransform: Second.self)
        $0.add(advantageTransform: Second.self)
      }
    }

    @c(fulcrum_plugin_clashing)
    public func clashing(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "clashing", version: "1.0.0") {
        $0.add(advantageTransform: First.self)
      }
    }

    @c(fulcrum_plugin_bad_manual)
    public func badManual(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "bad-manual", version: "1.0.0") {
        $0.add(advantageTransform: BadManual.self)
      }
    }

    @c(fulcrum_plugin_one)
    public func one(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "one", version: "1.0.0") {
        $0.add(advantageTransform: Second.self)
      }
    }

    @c(fulcrum_plugin_pair)
    public func pair(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "pair", version: "1.0.0") {
        $0.add(advantageTransform: First.self)
        $0.add(advantageTransform: Second.self)
      }
    }
    """
}
