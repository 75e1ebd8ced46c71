import FulcrumKernel
import Settings
import Stages
import Training

/// Holds what the items of a run's task are found to be before the first step.
package struct DataCheck {
  /// The held-out items that evaluations use.
  package let heldOut: HeldOutItems
  /// Counts and lengths, as lines of label and value.
  package let lines: [(label: String, value: String)]
  /// What is worth knowing, though the run begins.
  package let notes: [String]
  /// The first training item's prompt, as the policy is given it; `nil`: no training item was looked at.
  package let firstPrompt: (text: String, tokens: [Int32])?
  /// Tokens of the longest prompt that was looked at.
  package let longestPrompt: Int
  /// What stops the run.
  package let faults: [FulcrumError]

  /// The most items of a source without end that are looked at. Others are measured at their turn.
  private static let ahead = 256

  /// Looks at every training item, of a source without end at the first ones, and at the held-out
  /// items. A replay samples no training items, so it looks at none.
  ///
  /// - Throws: what the task throws; what the tokenizer throws, with the item's place.
  package init(_ components: RunComponents) throws(FulcrumError) {
    let configuration = components.configuration
    let setup = components.setup
    var lines: [(label: String, value: String)] = []
    var notes: [String] = []
    var faults: [FulcrumError] = []
    var longest = 0
    var first: (text: String, tokens: [Int32])?
    if configuration.rollout.replay == nil {
      var training = ItemInspection(
        "training", sampler: components.sampler, rule: try setup.overlong,
        lengthKey: "rollout.max-new-tokens", isNeeded: true)
      let total = setup.task.trainingCount
      let rollout = configuration.rollout
      let looked = total ?? min(Self.ahead, configuration.general.steps * rollout.prompts)
      try Stage.within("task") { () throws(FulcrumError) in
        for index in 0..<max(0, looked) { _ = try training.add(setup.task.trainingItem(index)) }
      }
      let made = total == nil ? "made on demand, the first \(looked) with" : "\(looked),"
      lines.append(("training items", made + training.lengths.dropFirst()))
      notes += training.notes
      faults += training.faults
      longest = training.longest
      first = training.first
      if looked == 0 {
        faults.append(FulcrumError(.data, "the task has no training items", at: "task"))
      }
    }
    heldOut = try setup.heldOutItems(components.rewards)
    for part in heldOut.parts where part.inspection.count > 0 {
      lines.append(
        (
          "\(part.inspection.role) items",
          Self.categories(of: part.items) + part.inspection.lengths
        ))
    }
    firstPrompt = first
    longestPrompt = max(longest, heldOut.parts.map(\.inspection.longest).max() ?? 0)
    self.lines = lines
    self.notes = notes + heldOut.notes + (setup.task.writer.note.map { [$0] } ?? [])
    self.faults = faults + heldOut.faults
  }

  /// - Throws: the faults, as one error.
  package func requireUsable() throws(FulcrumError) { try faults.requireNone() }

  /// Counts items by category, and their forms where some are alike.
  private static func categories(of items: [TaskItem]) -> String {
    var order: [String] = []
    var groups: [String: [TaskItem]] = [:]
    for item in items {
      if groups[item.category] == nil { order.append(item.category) }
      groups[item.category, default: []].append(item)
    }
    return order.map { category in
      let members = groups[category] ?? []
      let forms = ItemForms(members).count
      return "\(members.count) of '\(category)'"
        + (forms < members.count ? " in " + Counted.text(forms, "form") : "")
    }.joined(separator: ", ")
  }
}

extension [FulcrumError] {
  /// - Throws: all of them as one error, at the place of the first.
  package func requireNone() throws(FulcrumError) {
    guard var error = first else { return }
    for other in dropFirst() {
      error.message += "\n  and \(other.location.map { "\($0): " } ?? "")\(other.message)"
    }
    let hints = compactMap(\.hint)
    let distinct = hints.indices.filter { hints.firstIndex(of: hints[$0]) == $0 }.map { hints[$0] }
    error.hint = distinct.isEmpty ? nil : distinct.joined(separator: "; ")
    throw error
  }
}

extension RunSetup {
  /// What becomes of items whose prompts leave no room for a completion.
  var overlong: OverlongRule {
    get throws(FulcrumError) { try configuration.choice(.task).overlong }
  }
}
