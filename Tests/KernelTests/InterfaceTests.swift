import Foundation
import FulcrumKernel
import Testing

@Suite struct InterfaceTests {
  private var kernel: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Kernel")
  }

  @Test func `the public interface is the one that its number stands for`() throws {
    let number = "\(KernelInterface.major).\(KernelInterface.minor)"
    let committed = kernel.appendingPathComponent("Interface/\(number).swiftinterface")
    let expected = try #require(
      try? String(contentsOf: committed, encoding: .utf8),
      "no text for interface \(number): run 'make interface' and commit what it writes")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [kernel.appendingPathComponent("print-interface.sh").path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let old = Set(expected.split(separator: "\n"))
    let new = Set(String(decoding: data, as: UTF8.self).split(separator: "\n"))
    let changes =
      old.subtracting(new).sorted().map { "- \($0)" }
      + new.subtracting(old).sorted().map { "+ \($0)" }
    #expect(
      String(decoding: data, as: UTF8.self) == expected,
      """
      the kernel's public interface changed:
      \(changes.joined(separator: "\n"))
      An addition raises FULCRUM_INTERFACE_MINOR, a change that breaks built plugins raises \
      FULCRUM_INTERFACE_MAJOR (FulcrumStamp.h); then run 'make interface'.
      """)
  }

  @Test func `the compiler's name is that of a revision`() {
    // Two builds of one version are told apart by the revision in parentheses.
    #expect(KernelInterface.compiler.contains("("))
  }
}
