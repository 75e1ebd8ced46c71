import FulcrumKernel
import YAML

/// Finds out what a key that nobody knows was meant to be.
enum UnknownKey {
  /// Returns the remedy: our name for another program's, the place where the key belongs, the near names,
  /// or all that there are.
  ///
  /// - Parameters:
  ///   - name: the last part of the key path.
  ///   - location: the key path around it; empty: the top.
  ///   - candidates: the keys that are known there.
  static func hint(for name: String, at location: String, among candidates: [String]) -> String {
    let plain = name.lowercased().replacing("_", with: "-")
    if candidates.contains(plain) { return "write '\(plain)'" }
    let path = location.isEmpty ? name : "\(location).\(name)"
    for section in RunConfiguration.sections where !section.key.isEmpty {
      for parameter in section.schema where name == "\(section.key).\(parameter.name)" {
        return "write the key within its section: \(section.key): {\(parameter.name): …}"
      }
    }
    if let remedy = ForeignNames.remedy(for: path) { return remedy }
    let places = RunConfiguration.sections.filter { section in
      section.key != location && section.schema.contains { $0.name == plain }
    }.map { $0.key.isEmpty ? "'\(plain)' at the top" : "'\($0.key).\(plain)'" }
    // The very name, elsewhere, is more likely than a near one here.
    guard !places.isEmpty else { return NearNames.hint(for: name, among: candidates) }
    return "did you mean " + places.joined(separator: " or ") + "?"
  }
}
