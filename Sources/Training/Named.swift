import FulcrumKernel

/// A component with the name under which metrics and messages speak of it, and the one way to call
/// its code.
package struct Named<Component> {
  /// What the component does in a run: `advantage`, `schedule`, `objective`, `reward`.
  package let role: String
  package let name: String
  package let component: Component

  package init(_ role: String, name: String, component: Component) {
    self.role = role
    self.name = name
    self.component = component
  }

  /// The component's place in messages: `objective grpo`.
  package var place: String { "\(role) \(name)" }

  /// Enters the component's code: whoever asks after a crash learns whose it was, and errors are
  /// placed.
  package func call<Result>(_ body: (Component) throws(FulcrumError) -> Result)
    throws(FulcrumError) -> Result
  {
    let outer = StageMark.enter(place)
    defer { StageMark.leave(to: outer) }
    do throws(FulcrumError) {
      return try body(component)
    } catch {
      throw error.within(place)
    }
  }

  /// The same with something borrowed, which a closure can't take from around it.
  package func call<Borrowed: ~Escapable, Result>(
    with borrowed: borrowing Borrowed,
    _ body: (Component, borrowing Borrowed) throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    let outer = StageMark.enter(place)
    defer { StageMark.leave(to: outer) }
    do throws(FulcrumError) {
      return try body(component, borrowed)
    } catch {
      throw error.within(place)
    }
  }

  /// The error for a result that breaks the component's contract.
  func fault(_ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.pluginFault, message, at: place, hint: hint)
  }
}
