import Foundation
import Testing

/// Builds plugins out of sources that a test holds, as a stranger would: against the kernel beside
/// the program.
struct PluginCompiler {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The folder of sources and objects.
  let folder: String

  /// The folder of the kernel's module; by default that of this build.
  var modules: String?
  /// The interface's numbers in the stamp; `nil`: today's.
  var interfaceMajor: Int?
  var interfaceMinor: Int?

  private static let stamp =
    CommandLine.fixture("../../Sources/Kernel/Sources/FulcrumStamp/FulcrumStamp.c")

  /// Compiles a library that may hold the entry functions of several plugins.
  ///
  /// - Throws: `Failure` with the compiler's words.
  func library(_ source: String, name: String = "plugins") throws -> String {
    let files = ["\(name).swift", "\(name)-stamp.c", "\(name).o", "\(name).so"]
      .map { folder + "/" + $0 }
    try source.write(toFile: files[0], atomically: true, encoding: .utf8)
    let headers = URL(fileURLWithPath: Self.stamp).deletingLastPathComponent().path + "/include"
    // The numbers that an older kernel's header had.
    let numbers = [("MAJOR", interfaceMajor), ("MINOR", interfaceMinor)].map { name, number in
      number.map { "#undef FULCRUM_INTERFACE_\(name)\n#define FULCRUM_INTERFACE_\(name) \($0)\n" }
        ?? ""
    }
    try ("#include \"FulcrumStamp.h\"\n" + numbers.joined() + "#include \"\(Self.stamp)\"\n")
      .write(toFile: files[1], atomically: true, encoding: .utf8)
    try run(["clang", "-c", "-fPIC", "-I", headers, files[1], "-o", files[2]])
    try run([
      "swiftc", "-emit-library", "-parse-as-library", "-O", "-swift-version", "6",
      "-module-name", "Stranger", "-package-name", "stranger", "-module-cache-path",
      folder + "/modules",
      "-I", try modules ?? Self.ownModules(), "-L", CommandLine.products, "-lFulcrumKernel",
      files[0], files[2], "-o", files[3],
    ])
    return files[3]
  }

  /// Puts a library into a folder under a plugin's file name, and gives its path.
  @discardableResult
  static func install(_ library: String, as name: String, in folder: String) throws -> String {
    let path = folder + "/libfulcrum-\(name).so"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: library, toPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  /// Returns the folder in which SwiftPM puts modules; older versions put them beside the products.
  private static func ownModules() throws -> String {
    try #require(
      ["Modules", "."].map { CommandLine.products + "/" + $0 }.first {
        FileManager.default.fileExists(atPath: $0 + "/FulcrumKernel.swiftmodule")
      })
  }

  private func run(_ arguments: [String]) throws {
    let result = try CommandLine(executable: "/usr/bin/env").run(arguments)
    guard result.status == 0 else {
      throw Failure(description: result.output + result.errors)
    }
  }
}
