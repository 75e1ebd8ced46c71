
/// Frequencies of categories of words against reward, as `fulcrum microscope` counted them.
struct WordRecord: Decodable {
  struct Bin: Decodable {
    let frequency: Double?
    let reward: Double?
    let completions: Int?
  }
  struct Arm: Decodable {
    let arm: String
    let completions: Int?
    let reward: Double?
    /// For each category, the mean over completions.
    let frequency: Numbers
    /// For each category, the standard error over prompts.
    let spread: Numbers?
    /// What `fulcrum microscope` calls a run's checkpoint, as against its start.
    static let asTrained = "as trained"
  }

  /// Where the lists come from.
  let words: String?
  let unit: String?
  let categories: [String]
  /// For each category: Pearson's r with the reward, and the ends of its 95 % interval.
  let correlation: Numbers?
  let low: Numbers?
  let high: Numbers?
  /// r with each prompt's mean taken off both.
  let within: Numbers?
  /// For each category, completions in order of frequency, in a few parts.
  let bins: [[Bin]]?
  let arms: [Arm]?

  var frequencyLabel: String { "frequency, " + (unit ?? "per 1000 words") }
}
