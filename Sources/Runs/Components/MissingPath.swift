import Files
import Foundation
import FulcrumKernel
import Settings
import YAML

/// Says of a component's path that leads nowhere where it was looked for, and where there is one.
///
/// Only the component knows which of its texts are paths. So a text is one if the component's error
/// speaks of it, and there is nothing at it.
package struct MissingPath {
  /// The configuration's file; `nil`: there is none, but the command line.
  private let file: String?
  /// Whether the configuration names the working folder itself.
  private let isNamed: Bool

  /// - Parameter tree: the configuration; `nil`: there is none, but the command line.
  package init(_ tree: ConfigurationTree?) {
    file = tree?.file
    isNamed = tree?.root[GeneralSettings.workingFolder].map { $0 != .value(.text("")) } ?? false
  }

  /// Returns the error at the parameter that has the path, with a remedy; the same error, at the
  /// component, if it is about something else.
  ///
  /// - Parameter path: the component's key path.
  func explain(
    _ error: FulcrumError, of manual: ComponentManual, _ given: [String: ParameterValue],
    at path: String
  ) -> FulcrumError {
    for parameter in manual.parameters {
      if case .choice = parameter.kind { continue }
      guard let value = given[parameter.name],
        let text = Self.texts(value).first(where: { Self.isMissing($0, in: error) })
      else { continue }
      return fault(of: parameter, at: text, of: path)
    }
    // Of a model that the command line names there is no more to say.
    guard file != nil, error.location?.hasPrefix(path) != true else { return error }
    return error.within(path)
  }

  /// Returns the faults of a component's paths that lead nowhere, as far as its manual says what is a path.
  ///
  /// - Parameters:
  ///   - meanings: those of the parameters that are read.
  ///   - path: the component's key path.
  func faults(
    of given: [String: ParameterValue], for schema: [Parameter],
    meaning meanings: [ParameterMeaning],
    at path: String
  ) -> [FulcrumError] {
    schema.filter { $0.meaning.map(meanings.contains) ?? false }.flatMap { parameter in
      (given[parameter.name].map(Self.texts) ?? []).filter { !$0.isEmpty && !FileSystem.exists($0) }
        .map { fault(of: parameter, at: $0, of: path) }
    }
  }

  private func fault(of parameter: Parameter, at text: String, of path: String) -> FulcrumError {
    FulcrumError(
      .notFound, "expected a file or folder, found none at '\(text)'",
      at: "\(path).\(parameter.name)",
      hint: text.hasPrefix("/")
        ? parameter.help : remedy(for: text, isData: parameter.meaning == .dataFile))
  }

  /// Returns the faults of folders of plugins that lead nowhere.
  func faults(ofPluginFolders folders: [String]) -> [FulcrumError] {
    folders.filter { !FileSystem.exists($0) }.map { folder in
      FulcrumError(
        .notFound, "expected a folder with plugins, found none at '\(folder)'", at: "plugin-path",
        hint: folder.hasPrefix("/") ? "remove it, or build the plugins" : remedy(for: folder))
    }
  }

  /// Returns the error of one of the configuration's own keys with a remedy, if its path leads nowhere.
  package func explain(_ error: FulcrumError, path: String) -> FulcrumError {
    guard !path.hasPrefix("/"), Self.isMissing(path, in: error) else { return error }
    return FulcrumError(
      error.code, error.message, at: error.location, hint: remedy(for: path))
  }

  private static func isMissing(_ text: String, in error: FulcrumError) -> Bool {
    guard !text.isEmpty, !FileSystem.exists(text) else { return false }
    let said = error.description
    let whole = FileSystem.absolutePath(text, from: FileManager.default.currentDirectoryPath)
    return said.contains(whole) || error.code == .notFound && said.contains(text)
  }

  /// - Parameter isData: whether the path is of data, rather than of a model.
  private func remedy(for path: String, isData: Bool = false) -> String {
    let working = FileManager.default.currentDirectoryPath
    let tried =
      "relative paths start at \(isNamed ? "the configuration's" : "the") working folder, which has no"
      + " \(FileSystem.absolutePath(path, from: working))"
    let fetched =
      Self.isHubName(path)
      ? "; nothing is fetched by name: download the "
        + (isData ? "data set, and give its files" : "model, and give its folder") : ""
    guard let file else { return tried + fetched }
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().standardizedFileURL.path
    let beside = FileSystem.absolutePath(path, from: folder)
    if FileSystem.exists(beside) {
      return
        "\(tried); there is \(beside), beside the configuration: write 'working-folder: .' into"
        + (isNamed ? " that" : " that, or run the command in \(folder)")
    }
    var outer = folder
    while outer != "/", !FileSystem.exists(FileSystem.absolutePath(path, from: outer)) {
      outer = FileSystem.folder(of: outer)
    }
    if outer != "/", !isNamed {
      return
        "\(tried); there is \(FileSystem.absolutePath(path, from: outer)): run the command in \(outer)"
    }
    let nor =
      beside == FileSystem.absolutePath(path, from: working)
      ? "" : ", nor is there \(beside), beside the configuration"
    return tried + nor
      + (isNamed ? "; its key 'working-folder' says which it is" : "") + fetched
  }

  /// Whether a path could be a model's name: `owner/model-1b`.
  private static func isHubName(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") }
      && parts[1].contains { $0.isNumber }
  }

  private static func texts(_ value: ParameterValue) -> [String] {
    switch value {
    case .text(let text): [text]
    case .texts(let texts): texts
    default: []
    }
  }
}
