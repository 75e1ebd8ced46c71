import Foundation

/// Runs the compilers that the tests build real libraries with.
enum Toolchain {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs a program found on PATH and waits for it.
  ///
  /// - Throws: `Failure` with what it wrote, if it can't be run or fails.
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
      throw Failure(
        description: arguments.joined(separator: " ") + "\n" + String(decoding: text, as: UTF8.self)
      )
    }
  }

  /// The repository's root, or that of a package laid out like it.
  static var root: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
  }
}
