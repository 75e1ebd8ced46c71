import FulcrumKernel

/// A component that the host can make, whatever it comes from.
///
/// A Swift plugin registers a type; a foreign library has none, only a manifest.
package struct HostComponent: Sendable {
  package typealias Kind = RegisteredComponent.Kind

  package let kind: Kind
  package let manual: ComponentManual
  /// The type that a Swift plugin registered; `nil`: a foreign library's.
  package let type: (any Component.Type)?
  private let maker: @Sendable (Parameters, ComponentContext) throws(FulcrumError) -> any Component

  /// A component of a Swift plugin.
  package init(_ registered: RegisteredComponent) {
    let type = registered.type
    self.init(kind: registered.kind, manual: registered.manual, type: type) {
      (parameters, context) throws(FulcrumError) in try type.init(parameters, context: context)
    }
  }

  package init(
    kind: Kind, manual: ComponentManual, type: (any Component.Type)? = nil,
    maker:
      @escaping @Sendable (Parameters, ComponentContext) throws(FulcrumError) ->
      any Component
  ) {
    self.kind = kind
    self.manual = manual
    self.type = type
    self.maker = maker
  }

  /// An instance for one place of a configuration.
  ///
  /// - Parameter parameters: checked against the manual.
  /// - Throws: what the component throws.
  package func make(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError)
    -> any Component
  {
    try maker(parameters, context)
  }
}
