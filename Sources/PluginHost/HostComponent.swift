import FulcrumKernel

/// A component that the host can make, whatever it comes from.
package struct HostComponent: Sendable {
  package typealias Kind = RegisteredComponent.Kind

  package let kind: Kind
  package let manual: ComponentManual
  /// The type that a Swift library registered; `nil` in other formats, which have no types.
  package let type: (any Component.Type)?
  private let maker: @Sendable (Parameters, ComponentContext) throws(FulcrumError) -> any Component

  /// A component of a Swift library.
  init(_ registered: RegisteredComponent) {
    let type = registered.type
    kind = registered.kind
    manual = registered.manual
    self.type = type
    maker = { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// A component without a type of its own.
  package init(
    kind: Kind, manual: ComponentManual,
    maker:
      @escaping @Sendable (Parameters, ComponentContext) throws(FulcrumError) ->
      any Component
  ) {
    self.kind = kind
    self.manual = manual
    type = nil
    self.maker = maker
  }

  /// The kind and the name, for tables and messages: `reward exact-match`.
  package var label: String { "\(kind.rawValue) \(manual.name)" }

  /// Makes an instance for one place of a configuration.
  ///
  /// - Parameter parameters: checked against the manual.
  /// - Throws: what the component throws.
  package func make(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError)
    -> any Component
  {
    try maker(parameters, context)
  }
}
