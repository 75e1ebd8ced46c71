import FulcrumKernel

/// How configurations name a component.
package enum ComponentReference: Sendable, Equatable {
  /// `foo` is plugin foo's component foo; `lib/foo` is plugin lib's component foo.
  case named(plugin: String, component: String)
  /// `…/libfulcrum-x.so` leaves the component open; `…/libfulcrum-x.so:foo` names it. A foreign
  /// library's `…/x.fulcrum.yaml` has one component only.
  case file(path: String, component: String?)

  /// Reads a reference as a configuration writes it.
  ///
  /// - Throws: `.usage` if the text is none of these.
  package init(_ text: String) throws(FulcrumError) {
    var path = text
    var component: String?
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") {
      path = String(text[..<colon])
      component = String(text[text.index(after: colon)...])
    }
    if path.contains("/"),
      path.hasPrefix("/") || path.hasPrefix(".") || path.hasSuffix(".so")
        || path.hasSuffix(PluginName.manifestSuffix)
    {
      if let component { try Self.check(component, in: text) }
      self = .file(path: path, component: component)
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2 else {
      throw FulcrumError(
        .usage, "'\(text)' names no component",
        hint: "write a plugin's name, 'plugin/component', or a path that ends in .so or "
          + PluginName.manifestSuffix)
    }
    for part in parts { try Self.check(part, in: text) }
    self = .named(plugin: parts[0], component: parts[parts.count - 1])
  }

  private static func check(_ name: String, in text: String) throws(FulcrumError) {
    guard PluginName(name) == nil else { return }
    throw .badName(name, in: text)
  }
}

extension FulcrumError {
  /// The error for a plugin's or component's name that breaks the rule.
  static func badName(_ name: String, in reference: String) -> FulcrumError {
    let lowered = name.lowercased().replacing("_", with: "-")
    let hint =
      if PluginName(fileName: name) != nil || PluginName(manifestFileName: name) != nil {
        "for a file in the working folder, write './\(name)'"
      } else if PluginName(lowered) != nil {
        "did you mean '\(lowered)'?"
      } else {
        "a path to a library contains a slash and ends in .so"
      }
    return FulcrumError(
      .usage, "expected a name of \(PluginName.rule), got '\(name)'",
      at: name == reference ? nil : "'\(reference)'", hint: hint)
  }
}
