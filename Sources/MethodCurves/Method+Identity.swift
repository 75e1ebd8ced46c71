import FulcrumKernel
import PluginHost

/// Names of figures: distinct ones for methods with distinct names.
extension Method {
  /// The most letters that a name has in its figure's.
  private static let longest = 80

  /// The name of a figure as far as the name alone tells: others may have the same.
  static func plainID(kind: HostComponent.Kind, name: String) -> String {
    let letters = name.lowercased().prefix(longest).map { character in
      character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
    }
    return "\(kind.rawValue)-" + String(letters)
  }

  /// Gives each method an id that no other has: where several would have one, the later ones get a
  /// number.
  package static func identified(_ methods: [Method]) -> [Method] {
    // A name that is its own id keeps it, wherever it stands.
    var taken = Set(methods.filter { $0.id == "\($0.kind.rawValue)-\($0.name)" }.map(\.id))
    var first = taken
    return methods.map { method in
      if method.id == "\(method.kind.rawValue)-\(method.name)", first.remove(method.id) != nil {
        return method
      }
      var method = method
      let plain = method.id
      var number = 1
      while !taken.insert(method.id).inserted {
        number += 1
        method.id = "\(plain)-\(number)"
      }
      return method
    }
  }
}
