import Foundation
import FulcrumKernel

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

  let intervals: [String]
  let figure1: Figure1?
  let figure3: [Figure3]?
  let bounds: JSONTree?
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
    case intervals, figure1, figure3, bounds, interventions, optimizer, rollouts, batches, tokens,
      step
    case along = "interventions_along"
    case learningRate = "learning_rate"
  }

  /// - Returns: `nil` if there is no such file.
  /// - Throws: `.data` for one that is of another form.
  package init?(file: String) throws(FulcrumError) {
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw FulcrumError(
        .data, "expected what 'fulcrum microscope' writes, got something else: \(Self.say(error))",
        at: file, hint: "run 'fulcrum microscope' again, or remove the file")
    }
  }

  private static func say(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
        .joined(separator: ".")
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context)?:
      return "no '\(key.stringValue)' in '\(path(context))'"
    case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
      return "another type at '\(path(context))'"
    default: return "it is not JSON"
    }
  }
}

/// Numbers by interval; null, where an interval has no tokens, is NaN.
struct Numbers: Decodable {
  let values: [Double]

  init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([Double?].self).map { $0 ?? .nan }
  }
}

/// JSON whose shape isn't known.
indirect enum JSONTree: Decodable {
  case number(Double)
  case text(String)
  case flag(Bool)
  case list([JSONTree])
  case object([String: JSONTree])
  case null

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([JSONTree].self) {
      self = .list(list)
    } else {
      self = .object(try container.decode([String: JSONTree].self))
    }
  }

  /// Path and value of each leaf; a list of numbers is one leaf.
  func leaves(_ path: String = "") -> [(path: String, value: String)] {
    switch self {
    case .number(let number): return [(path, NumberText.short(number, digits: 4))]
    case .text(let text): return [(path, text)]
    case .flag(let flag): return [(path, flag ? "yes" : "no")]
    case .null: return [(path, "–")]
    case .list(let list):
      let numbers = list.compactMap { element -> String? in
        if case .number(let number) = element { NumberText.short(number, digits: 4) } else { nil }
      }
      if numbers.count == list.count { return [(path, numbers.joined(separator: ", "))] }
      return list.enumerated().flatMap { $1.leaves("\(path)[\($0)]") }
    case .object(let entries):
      return entries.sorted { $0.key < $1.key }.flatMap { entry in
        entry.value.leaves(path.isEmpty ? entry.key : path + " " + entry.key)
      }
    }
  }
}
