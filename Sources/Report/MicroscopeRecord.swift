import Foundation
import FulcrumKernel
import JSON

/// What `fulcrum microscope` wrote to `microscope.json`.
package struct MicroscopeRecord: Decodable {
  struct Distribution: Decodable {
    let share: Numbers
    let spread: Numbers?
    let histogram: Numbers?
  }
  struct Advantages: Decodable {
    let quantiles: [Numbers]
    let mean: Numbers?
  }
  struct Change: Decodable {
    let quantiles: [Numbers]
    let meanAbs: Numbers?
    let spread: Numbers?
    enum CodingKeys: String, CodingKey {
      case quantiles, spread
      case meanAbs = "mean_abs"
    }
  }
  struct Norms: Decodable {
    let norm: Numbers
    let spread: Numbers?
    let all: Double?
  }
  struct Figure1: Decodable {
    let a: Distribution?
    let b: Advantages?
    let c: Change?
    let d: Norms?
    let e: Change?
    let f: Change?
  }
  struct Figure3: Decodable {
    let arm: String
    let positiveRose: Numbers
    let negativeFell: Numbers
    let correct: Numbers
    enum CodingKeys: String, CodingKey {
      case arm, correct
      case positiveRose = "positive_rose"
      case negativeFell = "negative_fell"
    }
  }

  /// The lever over 1 − π against its bounds.
  struct Bounds: Decodable {
    let tokens: Int?
    let violations: Int?
    let vocabulary: Int?
    let lower: Double?
    let upper: Double?
    let minimum: Double?
    let maximum: Double?
    /// Tokens by equal bins from `lower` to `upper`.
    let histogram: Numbers?
    let tolerance: Double?
  }

  let intervals: [String]
  let figure1: Figure1?
  /// The arm that trains as the configuration says comes first.
  let figure3: [Figure3]?
  let bounds: Bounds?
  let layers: LayerRecord?
  let figure5: WordRecord?
  /// Rows: the interval that was updated alone; columns: whose probability moved, mean |Δπ|.
  let interventions: [Numbers]?
  /// The same, mean Δπ in the direction of the tokens' advantages.
  let along: [Numbers]?
  let optimizer: String?
  let learningRate: Double?
  let rollouts: String?
  let batches: Int?
  let tokens: Int?
  let step: Int?

  enum CodingKeys: String, CodingKey {
    case intervals, figure1, figure3, figure5, bounds, layers, interventions, optimizer, rollouts,
      batches, tokens, step
    case along = "interventions_along"
    case learningRate = "learning_rate"
  }

  /// - Returns: `nil` if there is no such file.
  /// - Throws: `.data` for one that is of another form.
  package init?(file: String) throws(FulcrumError) {
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    do throws(JSONRecord.Fault) {
      self = try JSONRecord.decode(Self.self, from: [UInt8](data))
    } catch {
      throw FulcrumError(
        .data, "expected what 'fulcrum microscope' writes, got something else: \(error.reason)",
        at: file, hint: "run 'fulcrum microscope' again, or remove the file")
    }
  }
}

/// A list of numbers; null, where nothing was there to measure, is NaN.
struct Numbers: Decodable {
  let values: [Double]

  init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([Double?].self).map { $0 ?? .nan }
  }
}
