/// Counts the run's progress beside the policy's own state. A checkpoint keeps the counts.
package struct RunCounters: Sendable, Equatable, Codable {
  /// Training steps that are done.
  package var step = 0
  /// Completion tokens that were sampled, dropped groups included.
  package var tokens = 0
  /// Items of the task's order that were taken.
  package var consumedItems = 0
  /// Steps in a row, up to this one, in which optimiser steps were skipped.
  var skippedInARow = 0

  package init() {}
}
