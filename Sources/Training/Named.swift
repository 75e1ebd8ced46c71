import FulcrumKernel

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

  /// The component's place in messages: `objective grpo`.
  package var place: String { "\(role) \(name)" }

  /// Calls the component's code. The code is marked for a reader after a crash, and errors get the
  /// component's place.
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

  /// Calls the component's code with a borrowed value, which a closure can't capture.
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

  /// Returns the error for a result that breaks the component's contract.
  func fault(_ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.pluginFault, message, at: place, hint: hint)
  }
}
