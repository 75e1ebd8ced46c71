import FulcrumKernel

/// Whether a task's held-out items look like those to train on.
public struct TaskLikeness: Sendable {
  /// In what they are unlike, as `ItemLikeness` finds; `nil`: in nothing, or there are too few of either.
  public let difference: String?
  /// Whether a task may mean that: it has a finite number of items, which somebody published so, or it picks
  /// its held-out items by their forms.
  public let mayBeMeant: Bool

  /// Looks at up to 2,000 training items, and at 500 held-out ones of each category.
  ///
  /// - Throws: what the task throws, but for one without held-out items.
  public init(of task: any TaskSource) throws(FulcrumError) {
    let heldOut: [TaskItem]
    do {
      heldOut = try task.heldOutItems(perCategory: 500)
    } catch  where error.code == .unsupported {
      (difference, mayBeMeant) = (nil, true)
      return
    }
    var training: [TaskItem] = []
    for index in 0..<min(task.trainingCount ?? .max, 2000) {
      training.append(try task.trainingItem(index))
    }
    difference = ItemLikeness.difference(training: training, heldOut: heldOut)
    mayBeMeant =
      task.trainingCount != nil || ItemLikeness.arePicked(heldOut, beside: training)
  }
}

extension Subject where Instance == any TaskSource {
  /// A task that draws its items without end has no reason to draw other ones for its evaluation.
  var likenessCheck: ContractCheck {
    ContractCheck("held-out items drawn without end look like those to train on") {
      () throws(FulcrumError) in
      let likeness = try TaskLikeness(of: make())
      guard let difference = likeness.difference, !likeness.mayBeMeant else { return }
      throw fault(
        "expected held-out items like those to train on; " + difference,
        hint:
          "draw both in one way, and split them by a well-mixed hash of the whole item: low bits of FNV"
          + " or of sums hold out numbers at regular distances; what is meant to be another kind of item is"
          + " another category")
    }
  }
}
