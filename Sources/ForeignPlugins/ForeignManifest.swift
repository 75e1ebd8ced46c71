import FulcrumKernel
import PluginHost

/// One argument of a foreign function: its C type and its binding.
struct ForeignArgument: Sendable, Equatable {
  let type: ForeignType
  let binding: ForeignBinding
}

/// A manifest: the description of a function that knows nothing of Fulcrum.
struct ForeignManifest: Sendable {
  /// The kinds of component that a foreign function can be.
  static let kinds: [HostComponent.Kind] = [
    .reward, .advantageTransform, .policyObjective, .updateScheduler,
  ]
  /// The number of the format that this host reads.
  static let format = 1

  let kind: HostComponent.Kind
  let manual: ComponentManual
  let version: String
  /// The library's path as the manifest has it: relative to the manifest's folder unless it starts with a slash.
  let library: String
  /// The function's symbol.
  let function: String
  let returns: ForeignReturn
  let arguments: [ForeignArgument]
  /// The least reward that counts as a correct answer; for rewards only.
  let correctFrom: Double
  /// The names of the masks, in order; for schedules only.
  let phases: [String]
  /// The number of phases that each token takes part in; for schedules only.
  let passes: Int
  /// The order of the loops over phases and mini-batches; for schedules only.
  let nesting: PhaseNesting
  /// The worked examples; at least one.
  let examples: [ForeignExample]

  /// The quantities that arguments are bound to.
  var quantities: Set<ForeignQuantity> { Set(arguments.compactMap(\.quantity)) }

  /// Tells whether an argument is bound to a quantity.
  func binds(_ quantity: ForeignQuantity) -> Bool {
    arguments.contains { $0.binding == .quantity(quantity) }
  }

  /// The columns that the host must compute for the function.
  var needs: Set<Column> {
    Set(quantities.compactMap { $0.column(for: kind) })
  }

  /// The function in C, for manuals: `double score(const char *completion, int64_t token_count)`.
  var prototype: String {
    let result =
      switch returns {
      case .f64: "double"
      case .f32: "float"
      case .status: "int32_t"
      case .nothing: "void"
      }
    let list = arguments.map { argument in
      let name = argument.binding.description.split(separator: " ").last.map(String.init) ?? ""
      // A C name: of `top-tokens(8)` too.
      let word = String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" })
      return argument.type.declaration(of: word.replacing(/_+$/, with: ""))
    }
    return "\(result) \(function)(\(list.isEmpty ? "void" : list.joined(separator: ", ")))"
  }
}

extension ForeignType {
  /// An argument of this type in C.
  fileprivate func declaration(of name: String) -> String {
    switch self {
    case .i32: "int32_t \(name)"
    case .i64: "int64_t \(name)"
    case .f32: "float \(name)"
    case .f64: "double \(name)"
    case .utf8: "const char *\(name)"
    case .f32In: "const float *\(name)"
    case .f64In: "const double *\(name)"
    case .i32In: "const int32_t *\(name)"
    case .i64In: "const int64_t *\(name)"
    case .f32Out: "float *\(name)"
    case .f64Out: "double *\(name)"
    case .i32Out: "int32_t *\(name)"
    case .callback: "void (*\(name))(const char *)"
    }
  }
}
