import FulcrumKernel
import Settings
import Stages
import Training
import YAML

/// Holds a task whose held-out items are evaluated beside those of the task that is trained on.
struct TransferTask {
  let task: RunTask
  /// What becomes of items whose prompts leave no room.
  let overlong: OverlongRule
  /// The key path, for messages.
  let path: String
}

/// Holds the items of evaluations, and what was found of them.
package struct HeldOutItems {
  /// Holds the items of one task that are used.
  struct Part {
    let items: [TaskItem]
    let inspection: ItemInspection
  }

  /// The task's own part, then those of the tasks under `transfer`.
  let parts: [Part]
  /// All items: the task's own, then those of the tasks under `transfer`.
  package let items: [TaskItem]
  /// The items of the task that is trained on.
  package var own: [TaskItem] { parts.first?.items ?? [] }
  /// The categories of the tasks under `transfer`.
  package let transfer: Set<String>

  init(_ parts: [Part]) {
    self.parts = parts
    items = parts.flatMap(\.items)
    transfer = Set(parts.dropFirst().flatMap(\.items).map(\.category))
  }

  /// What is worth knowing, though the run begins.
  package var notes: [String] { parts.flatMap(\.inspection.notes) }
  /// What stops the run.
  package var faults: [FulcrumError] { parts.flatMap(\.inspection.faults) }
}

extension RunSetup {
  /// Returns the held-out items that the configuration asks for, without those that are left out, and
  /// what there is to tell of them.
  ///
  /// - Parameter perCategory: the number of items of each category; `nil`: that of evaluations.
  /// - Throws: what the tasks and the tokenizer throw; `.configuration` for a category that two tasks
  ///   have.
  package func heldOutItems(_ rewards: [WeightedReward], perCategory: Int? = nil)
    throws(FulcrumError) -> HeldOutItems
  {
    let evaluation = configuration.evaluation
    var categories: [String: String] = [:]
    func part(_ role: String, _ task: RunTask, _ rule: OverlongRule, _ count: Int, at path: String)
      throws(FulcrumError) -> HeldOutItems.Part
    {
      var inspection = ItemInspection(
        role, sampler: evaluator(rewards).sampler, rule: rule,
        lengthKey: evaluation.maximumTokens == nil
          ? "rollout.max-new-tokens" : "evaluation.max-new-tokens", isNeeded: false)
      var items: [TaskItem] = []
      guard count > 0 else { return .init(items: items, inspection: inspection) }
      let asked = try Stage.within("task") { () throws(FulcrumError) in
        try task.heldOutItems(perCategory: count)
      }
      for item in asked {
        if let other = categories.updateValue(path, forKey: item.category), other != path {
          throw configuration.tree.placed(
            FulcrumError(
              .configuration,
              "expected categories of its own, got '\(item.category)', which \(other) has, too",
              at: path,
              hint: "tables tell items by their categories: let this task make other items"))
        }
        if try inspection.add(item) { items.append(item) }
      }
      return .init(items: items, inspection: inspection)
    }
    let key = ComponentKey.task.rawValue
    let count = perCategory ?? evaluation.items
    var parts = [try part("held-out", task, try overlong, count, at: key)]
    for other in transfer {
      parts.append(
        try part("transfer", other.task, other.overlong, evaluation.transferItems, at: other.path))
    }
    return HeldOutItems(parts)
  }
}
