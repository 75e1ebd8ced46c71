import FulcrumKernel
import Stages

/// Holds a component with the name under which metrics and messages speak of it, and is the one way
/// to call its code.
package struct Named<Component> {
  /// The component's role in a run: `advantage`, `schedule`, `objective`, `reward`.
  package let role: String
  package let name: String
  package let component: Component

  package init(_ role: String, name: String, component: Component) {
    self.role = role
    self.name = name
    self.component = component
  }

  /// Returns the same component by another of its protocols.
  package func with<Other>(_ component: Other) -> Named<Other> {
    Named<Other>(role, name: name, component: component)
  }

  /// The component's place in messages: `objective grpo`.
  package var place: String { "\(role) \(name)" }

  /// Calls the component's code, as `Stage.within` does. Errors get the component's place.
  package func call<Result>(_ body: (Component) throws(FulcrumError) -> Result)
    throws(FulcrumError) -> Result
  {
    try Stage.within(place) { () throws(FulcrumError) in
      do throws(FulcrumError) {
        return try body(component)
      } catch {
        throw error.within(place)
      }
    }
  }

  /// Calls the component's code with a borrowed value, which a closure can't capture.
  package func call<Borrowed: ~Escapable, Result>(
    with borrowed: borrowing Borrowed,
    _ body: (Component, borrowing Borrowed) throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    let call = Stage.Call(place)
    let result: Result
    do throws(FulcrumError) {
      result = try body(component, borrowed)
    } catch {
      try call.end()
      throw error.within(place)
    }
    try call.end()
    return result
  }

  /// Returns the error for a result that breaks the component's contract.
  func fault(_ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.pluginFault, message, at: place, hint: hint)
  }
}
