import FulcrumKernel
import Training

/// Frequencies of each category's words in each of a policy's completions, beside its reward.
package struct WordSurvey: Sendable {
  package struct Completion: Sendable {
    /// The number of the prompt among those of all rollouts.
    package let prompt: Int
    package let reward: Double
    /// For each category, the frequency per 1000 of the completion's words.
    package let frequencies: [Double]

    package init(prompt: Int, reward: Double, frequencies: [Double]) {
      self.prompt = prompt
      self.reward = reward
      self.frequencies = frequencies
    }
  }

  package private(set) var completions: [Completion]
  private var promptCount = 0

  package init(_ completions: [Completion] = []) { self.completions = completions }

  /// Adds a rollout's completions but for those without a score or without a word.
  package mutating func add(_ rollout: Rollout, counter: WordCounter) {
    let sequences = rollout.sequences
    for (sequence, reward) in rollout.rewards.enumerated() where !reward.isNaN {
      let (words, found) = counter.count(rollout.completions[sequence])
      guard words > 0 else { continue }
      completions.append(
        Completion(
          prompt: promptCount + sequences.group(ofSequence: sequence), reward: Double(reward),
          frequencies: found.map { Double($0) * 1000 / Double(words) }))
    }
    promptCount += sequences.groupCount
  }

  package var rewards: [Double] { completions.map(\.reward) }
  package var prompts: [Int] { completions.map(\.prompt) }

  /// Returns each completion's frequency of one category.
  package func frequencies(of category: Int) -> [Double] {
    completions.map { $0.frequencies[category] }
  }
}
