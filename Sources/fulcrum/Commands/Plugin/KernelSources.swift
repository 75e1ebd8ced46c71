import Foundation
import FulcrumKernel
import PluginHost

/// Finds the packages that a plugin's author builds against.
enum KernelSources {
  /// The packages' folders, side by side: the kernel, and the tests for plugins.
  static let packages = ["Kernel", "PluginTesting"]

  /// Returns the kernel's folder as an absolute path: the given one, or that of this program's
  /// installation or source tree.
  ///
  /// - Throws: `.usage` if the given folder holds no kernel; `.notFound` with the places that were
  ///   tried.
  static func find(given: String?) throws(FulcrumError) -> String {
    if let given {
      let path = URL(fileURLWithPath: given).resolvingSymlinksInPath().path
      guard isKernel(path) else {
        throw FulcrumError(
          .usage, "expected the folder Kernel of Fulcrum's sources, with PluginTesting beside it",
          at: path, hint: "an installation has them in share/fulcrum, a source tree in Sources")
      }
      return path
    }
    let places = places()
    guard let path = places.first(where: isKernel) else {
      throw FulcrumError(
        .notFound,
        "found no sources of the kernel; none of these folders has them:"
          + places.map { "\n  " + $0 }.joined(),
        hint: "give the folder by --kernel; an installation has it in share/fulcrum/Kernel")
    }
    return path
  }

  private static func isKernel(_ path: String) -> Bool {
    let folder = (path as NSString).deletingLastPathComponent
    return (path as NSString).lastPathComponent == packages[0]
      && packages.allSatisfy {
        FileManager.default.fileExists(atPath: "\(folder)/\($0)/Package.swift")
      }
  }

  /// Returns the places to try: `<prefix>/share/fulcrum/Kernel` of an installation, then the source
  /// tree of a program within its `.build`.
  private static func places() -> [String] {
    guard let executables = PluginSearchPath.folderOfThisExecutable else { return [] }
    let prefix = (executables as NSString).deletingLastPathComponent
    var places = ["\(prefix)/share/fulcrum/\(packages[0])"]
    if let range = executables.range(of: "/.build", options: .backwards) {
      places.append("\(executables[..<range.lowerBound])/Sources/\(packages[0])")
    }
    return places
  }
}
