import FulcrumKernel

/// The way in which configurations name a component.
///
/// `foo` is plugin foo's component foo or, if there is none, that of whatever plugin has one; `lib/foo` is
/// plugin lib's component foo.
/// `…/libfulcrum-x.so` leaves the component open, `…/libfulcrum-x.so:foo` names it.
struct ComponentReference {
  /// The plugin's name, or the path of its library, which contains a slash.
  let library: String
  /// The component's name; `nil`: the library's only one of the kind, or its namesake.
  let component: String?

  /// The component's name, if the reference is that and no more.
  var ownName: String? { !library.contains("/") && library == component ? component : nil }

  /// Reads a reference as a configuration writes it.
  ///
  /// - Throws: `.usage` if the text is none.
  init(_ text: String, _ formats: LibraryFormats) throws(FulcrumError) {
    var path = text
    var component: String?
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") {
      path = String(text[..<colon])
      component = String(text[text.index(after: colon)...])
    }
    if path.contains("/"), path.hasPrefix("/") || path.hasPrefix(".") || formats.know(path) {
      if let component { try Self.check(component, in: text, formats) }
      library = path
      self.component = component
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2 else {
      throw FulcrumError(
        .usage, "'\(text)' names no component",
        hint: "write a plugin's name, 'plugin/component', or a path that ends in "
          + formats.suffixes)
    }
    for part in parts { try Self.check(part, in: text, formats) }
    library = parts[0]
    self.component = parts[parts.count - 1]
  }

  private static func check(
    _ name: String, in text: String, _ formats: LibraryFormats
  ) throws(FulcrumError) {
    guard PluginName(name) == nil else { return }
    throw .badName(name, in: text, formats)
  }
}

extension FulcrumError {
  /// Returns the error for a plugin's or component's name that breaks the rule.
  static func badName(
    _ name: String, in reference: String, _ formats: LibraryFormats
  ) -> FulcrumError {
    let lowered = name.lowercased().replacing("_", with: "-")
    let hint =
      if formats.isPlugin(name) {
        "for a file in the working folder, write './\(name)'"
      } else if PluginName(lowered) != nil {
        "did you mean '\(lowered)'?"
      } else {
        "a path to a library contains a slash and ends in \(formats.usualSuffix)"
      }
    return FulcrumError(
      .usage, "expected a name of \(PluginName.rule), got '\(name)'",
      at: name == reference ? nil : "'\(reference)'", hint: hint)
  }
}
