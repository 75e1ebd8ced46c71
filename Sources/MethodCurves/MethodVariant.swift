import FulcrumKernel
import PluginHost

/// Names a component with other settings: a published method that is a number of another one.
package struct MethodVariant: Sendable {
  package let name: String
  /// The component that it is a variant of.
  let component: String
  let settings: [String: ParameterValue]

  /// - Parameter settings: by component and parameter, of one component.
  /// - Throws: `.usage` for settings of no component or of several, and for an empty name.
  package init(name: String, settings: [String: [String: ParameterValue]]) throws(FulcrumError) {
    guard let (component, values) = settings.first, settings.count == 1, !name.isEmpty else {
      throw FulcrumError(
        .usage,
        "expected NAME=component.parameter=value;…, with a name and parameters of one component, got"
          + " \(settings.isEmpty ? "none" : settings.keys.sorted().joined(separator: " and "))",
        at: "--also \(name)")
    }
    (self.name, self.component, self.settings) = (name, component, values)
  }

  /// Whether it is a variant of this component: one of that name, whose manual has the parameters.
  func isOf(_ component: HostComponent) -> Bool {
    component.manual.name == self.component
      && settings.keys.allSatisfy { name in
        component.manual.parameters.contains { $0.name == name }
      }
  }
}
