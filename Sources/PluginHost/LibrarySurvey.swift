import FulcrumKernel

/// Learns what libraries have without running any of their code in this process.
package protocol LibrarySurveyor: Sendable {
  /// Returns what each library has, in the order given.
  ///
  /// - Parameter libraries: sound as far as their files tell.
  /// - Throws: `.inputOutput` if it can't look into any.
  func survey(_ libraries: [PluginListing]) throws(FulcrumError) -> [LibrarySurvey]
}

/// Lists what a library on the search path has, without being loaded here.
package struct LibrarySurvey: Sendable {
  /// A component by its kind and name.
  package struct Component: Sendable, Equatable {
    package let kind: HostComponent.Kind
    package let name: String

    package init(_ kind: HostComponent.Kind, _ name: String) {
      (self.kind, self.name) = (kind, name)
    }
  }

  package let library: PluginListing
  /// The components in the library's order; empty if it can't be loaded.
  package let components: [Component]
  /// The reason why it can't be loaded, in one line; `nil`: it can.
  package let failure: String?

  package init(_ library: PluginListing, _ components: [Component], failure: String? = nil) {
    (self.library, self.components, self.failure) = (library, components, failure)
  }

  func has(_ kind: HostComponent.Kind, _ name: String) -> Bool {
    components.contains(Component(kind, name))
  }

  /// The library's SHA-256; `nil` if its file can't be read.
  var digest: String? {
    guard case .success(let inspection) = library.inspection else { return nil }
    return inspection.digest
  }
}

/// Errors about names that were looked for in all libraries.
extension [LibrarySurvey] {
  /// Returns the error for a component that several libraries have.
  ///
  /// - Parameter owners: these libraries, at least two.
  static func ambiguity(
    _ kind: HostComponent.Kind, _ name: String, _ owners: [LibrarySurvey]
  ) -> FulcrumError {
    let places = owners.map { "'\($0.library.name)' (\($0.library.path))" }
    let references = owners.map { "'\($0.library.name)/\(name)'" }
    return FulcrumError(
      .usage,
      "\(kind.rawValue) '\(name)' is in \(owners.count) plugins: "
        + places.joined(separator: " and "),
      hint: "write " + references.joined(separator: " or "))
  }

  /// Returns the error for a name of which no library has a component of the kind.
  ///
  /// - Parameters:
  ///   - error: what is said where libraries' names are all that is known.
  ///   - plugins: the names of all libraries on the search path.
  func miss(
    _ kind: HostComponent.Kind, _ name: String, _ error: FulcrumError, plugins: [String]
  ) -> FulcrumError {
    // There is a library of the name, and the error says what it has.
    guard !plugins.contains(name) else { return error }
    var error = error
    let namesakes = flatMap { survey in
      survey.components.filter { $0.name == name }
        .map { "\($0.kind.withArticle) of plugin '\(survey.library.name)'" }
    }
    if !namesakes.isEmpty {
      return FulcrumError(
        .notFound,
        "'\(name)' is " + namesakes.joined(separator: " and ") + ", expected \(kind.withArticle)",
        hint: "name it where one of its own kind is expected")
    }
    let owners = owners(of: kind)
    let near = NearNames.of(name, among: Array<String>(owners.keys))
    if !near.isEmpty {
      error.hint =
        "did you mean " + near.map { Self.label($0, owners) }.joined(separator: " or ") + "?"
    } else if !owners.isEmpty, NearNames.of(name, among: plugins).isEmpty {
      let all = owners.keys.sorted().map { Self.label($0, owners, quote: "") }
      error.hint = "known: " + all.joined(separator: ", ")
    }
    let unknown = compactMap { survey in
      survey.failure.map { "\n  \(survey.library.path): \($0)" }
    }
    if !unknown.isEmpty {
      error.message +=
        "\nand what these have is not known, for they can't be loaded:" + unknown.joined()
    }
    return error
  }

  /// For each name of a kind, the plugins that have it.
  private func owners(of kind: HostComponent.Kind) -> [String: [String]] {
    var owners: [String: [String]] = [:]
    for survey in self {
      for component in survey.components where component.kind == kind {
        owners[component.name, default: []].append(survey.library.name)
      }
    }
    return owners
  }

  private static func label(
    _ name: String, _ owners: [String: [String]], quote: String = "'"
  ) -> String {
    let plugins = owners[name] ?? []
    guard plugins != [name] else { return quote + name + quote }
    return "\(quote)\(name)\(quote) of plugin "
      + plugins.map { "'\($0)'" }.joined(separator: " and ")
  }
}

extension RegisteredComponent.Kind {
  /// The kind in a sentence: `an advantage-transform`.
  fileprivate var withArticle: String {
    (rawValue.hasPrefix("a") || rawValue.hasPrefix("u") ? "an " : "a ") + rawValue
  }
}
