import FulcrumKernel
import Training

/// Writes the manual of all keys of a configuration that are not a component's own.
package enum ConfigurationManual {
  /// Every key with its values, default and help, for the command line.
  package static var text: String {
    let choiceHelp =
      ComponentKey.allCases.map(\.rawValue).joined(separator: ", ")
      + ":\n  a component's name, or {use: NAME, sha256: DIGEST, parameter: value, …};"
      + " transfer, reward, advantage and objective also take a list, and a"
      + " reward a weight (default 1) and a label, its name in metrics and tables;\n  transfer: tasks whose held-out items are evaluated beside the task's own, and never trained on"
      + ";\n  task.overlong: one of "
      + OverlongRule.allCases.map(\.rawValue).joined(separator: ", ")
      + ", default \(OverlongRule.refuse.rawValue); what becomes of items whose prompts leave no room"
      + " for a completion: they stop the run before its first step, or are left out"
    return RunConfiguration.sections.map { section in
      let prefix = section.key.isEmpty ? "" : section.key + "."
      return section.schema.map { parameter in
        let value = parameter.defaultValue.map { "default \($0)" } ?? "required"
        return "\(prefix)\(parameter.name): \(parameter.expectation), \(value)\n  \(parameter.help)"
      }.joined(separator: "\n")
    }.joined(separator: "\n") + "\n" + choiceHelp
  }
}
