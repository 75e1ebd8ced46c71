import FulcrumKernel

/// A run's task, each prompt as the text that the policy continues.
package struct RunTask {
  package let source: any TaskSource
  let writer: ConversationWriter

  /// The number of training items; `nil`: they are made on demand without end.
  package var trainingCount: Int? { source.trainingCount }

  /// - Throws: what the task throws; with the item's place, what writing its conversation throws.
  package func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem {
    try written(source.trainingItem(index))
  }

  func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
    var items: [TaskItem] = []
    for item in try source.heldOutItems(perCategory: count) { items.append(try written(item)) }
    return items
  }

  /// The item with its prompt as a text, and the messages that it was written from.
  private func written(_ item: TaskItem) throws(FulcrumError) -> TaskItem {
    do throws(FulcrumError) {
      guard let (prompt, messages) = try writer.written(item.prompt, item.messages) else {
        return item
      }
      var whole = TaskItem(
        id: item.id, prompt: prompt, answer: item.answer, category: item.category,
        fields: item.fields, messages: messages)
      (whole.location, whole.form) = (item.location, item.form)
      return whole
    } catch {
      throw error.within(item.location ?? item.id)
    }
  }
}
