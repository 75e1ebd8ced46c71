import FulcrumKernel
import Training

/// Looks at a task's items before a run's first step: the policy's tokenizer measures the prompts, and
/// the reward functions that can look at the answers. Holds what is to be told, and no items.
package struct ItemInspection {
  /// The items' part in the run, for messages: `training`.
  let role: String
  private let sampler: RolloutSampler
  private let rule: OverlongRule
  /// The key that limits completions, for remedies.
  private let lengthKey: String
  /// Whether a run without such items can't be.
  private let isNeeded: Bool
  private(set) var count = 0
  private var shortest = Int.max
  private(set) var longest = 0
  /// The first item's prompt, as the policy is given it.
  private(set) var first: (text: String, tokens: [Int32])?
  private var overlong = Places()
  private var unusable = Places()
  private var unanswered = Places()
  private var firstOverlong = 0
  private var firstUnusable: FulcrumError?

  package init(
    _ role: String, sampler: RolloutSampler, rule: OverlongRule, lengthKey: String, isNeeded: Bool
  ) {
    self.isNeeded = isNeeded
    self.role = role
    self.sampler = sampler
    self.rule = rule
    self.lengthKey = lengthKey
  }

  /// Takes an item in, and returns whether the run uses it.
  ///
  /// - Throws: what the tokenizer throws, with the item's place.
  package mutating func add(_ item: TaskItem) throws(FulcrumError) -> Bool {
    let tokens: [Int32]
    do throws(FulcrumError) {
      tokens = try sampler.policy.encode(item.prompt)
    } catch {
      throw error.within(item.place)
    }
    if count == 0 { first = (item.prompt, tokens) }
    let length = tokens.count
    count += 1
    (shortest, longest) = (min(shortest, length), max(longest, length))
    guard length <= sampler.promptLimit else {
      if overlong.count == 0 { firstOverlong = length }
      overlong.add(item.place)
      return false
    }
    if let fault = sampler.rewards.lazy.compactMap({ $0.fault(in: item) }).first {
      if firstUnusable == nil { firstUnusable = fault.within(item.place) }
      unusable.add(item.place)
    } else if item.answer.isEmpty {
      unanswered.add(item.place)
    }
    return true
  }

  /// The lengths of the prompts, and the most that there is room for.
  package var lengths: String {
    guard count > 0 else { return "" }
    let range = shortest == longest ? "\(longest)" : "\(shortest) to \(longest)"
    return ", prompts of \(range) tokens, room for \(max(0, sampler.promptLimit))"
  }

  /// What stops the run.
  package var faults: [FulcrumError] {
    var faults: [FulcrumError] = []
    let isNothingLeft = isNeeded && overlong.count == count
    if overlong.count > 0, rule == .refuse || isNothingLeft {
      let remedy =
        "lower \(lengthKey), or use a policy with a longer context"
        + (!isNothingLeft ? "; or 'task.overlong: drop' leaves such items out" : "")
      faults.append(
        FulcrumError(
          .data,
          "the prompt has \(firstOverlong) tokens and leaves no room for \(sampler.maximumTokens) more"
            + " in a context of \(sampler.policy.contextLength)" + among(overlong),
          at: overlong.first, hint: remedy))
    }
    if var fault = firstUnusable {
      fault.message += among(unusable)
      faults.append(fault)
    }
    return faults
  }

  /// What is worth knowing, though the run begins.
  package var notes: [String] {
    var notes: [String] = []
    if overlong.count > 0, rule == .drop {
      notes.append(
        "left out \(overlong.count) of \(count) \(role) items, whose prompts leave no room for"
          + " \(sampler.maximumTokens) tokens more: \(overlong.text)")
    }
    // Where all answers are empty, the task is one without answers.
    if unanswered.count > 0, unanswered.count < count {
      notes.append(
        "empty answers in \(unanswered.count) of \(count) \(role) items: \(unanswered.text)")
    }
    return notes
  }

  /// Says how many items share a fault, behind the message on the first.
  private func among(_ places: Places) -> String {
    places.count == 1
      ? "; so it is with 1 of \(count) \(role) items"
      : "; so it is with \(places.count) of \(count) \(role) items: \(places.text)"
  }
}

/// Holds where some items are: how many, and the first few.
private struct Places {
  private static let shown = 5
  private(set) var count = 0
  private var names: [String] = []

  var first: String? { names.first }
  var text: String {
    names.joined(separator: ", ") + (count > names.count ? " and \(count - names.count) more" : "")
  }

  mutating func add(_ place: String) {
    count += 1
    if names.count < Self.shown { names.append(place) }
  }
}
