import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Training

struct ModelImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model folder of a GGUF file.",
    discussion: """
      The weights become float32. The folder is there whole or not at all.

        fulcrum model import model.gguf models/a
      """)

  @Argument(
    help: "The file, for instance model.gguf.", completion: .file(extensions: ["gguf"]))
  var file: String

  @Argument(help: "The folder to make; it may exist if it is empty.", completion: .directory)
  var folder: String

  @OptionGroup var options: PolicyOptions

  func run() throws {
    // Resolves links and `..`, and drops a slash at the end: the folder is made beside and renamed.
    let path = URL(fileURLWithPath: folder).standardizedFileURL.path
    if FileManager.default.fileExists(atPath: path) {
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: path), names.isEmpty
      else {
        throw FulcrumError(
          .usage, "expected a new or an empty folder, got one that holds something", at: folder,
          hint: "name another folder, or remove this one first")
      }
    }
    let type = try options.policyType().staticCapability(
      (any ImportingPolicy.Type).self, to: "import models of other formats")
    try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
      try type.importModel(from: file, to: aside)
    }
    print("made \(folder)")
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
      let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
      print("  \(name): \(attributes[.size] as? Int ?? 0) bytes")
    }
  }
}
