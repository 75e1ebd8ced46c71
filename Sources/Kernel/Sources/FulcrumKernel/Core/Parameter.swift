/// Tells a host what it must know of a parameter beside its kind, so that it never looks for one by name.
public enum ParameterMeaning: String, Sendable, CaseIterable {
  /// The strength with which tokens are damped by their probability; two that act at once multiply.
  case tokenDamping = "token-damping"
  /// The price of each nat of divergence from the reference policy; 0: none.
  case referenceStrength = "reference-strength"
  /// A policy's folder to start from; empty: a fresh one.
  case checkpoint
  /// A policy's optimiser, a choice; `sgd` steps by the gradient times the learning rate.
  case optimizer
  /// The rate at which a policy's optimiser draws weights to zero; 0: not.
  case weightDecay = "weight-decay"
  /// The norm to which a policy's optimiser scales a larger gradient down; 0: it doesn't.
  case gradientLimit = "gradient-limit"
  /// A file of data that the component reads, or a list of them; empty: none. A run keeps its digest.
  case dataFile = "data-file"
}

/// One line of a component's manual: what the host validates, completes and prints.
public struct Parameter: Sendable {
  /// Lists the kinds of values that a parameter takes.
  public enum Kind: Sendable, Equatable {
    case number(ClosedRange<Double>)
    case integer(ClosedRange<Int>)
    case flag
    case text
    case choice([String])
    /// A list whose every element lies in the range.
    case integers(ClosedRange<Int>)
    case texts
    /// A list whose every element lies in the range.
    case numbers(ClosedRange<Double>)
  }

  /// The key in YAML: lower case, words joined by hyphens.
  public let name: String
  public let kind: Kind
  /// `nil`: the configuration must give it.
  public let defaultValue: ParameterValue?
  /// One line, with the unit where there is one.
  public let help: String
  /// `nil`: the parameter is the component's own affair.
  public let meaning: ParameterMeaning?

  public init(
    name: String, kind: Kind, default defaultValue: ParameterValue?, help: String,
    meaning: ParameterMeaning? = nil
  ) {
    self.meaning = meaning
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.help = help
  }

  /// A real number within `range`, both ends included.
  public static func number(
    _ name: String, default value: Double?,
    in range: ClosedRange<Double> = -Double.infinity...Double.infinity, help: String,
    meaning: ParameterMeaning? = nil
  ) -> Parameter {
    Parameter(
      name: name, kind: .number(range), default: value.map { .number($0) }, help: help,
      meaning: meaning)
  }

  /// A whole number within `range`, both ends included.
  public static func integer(
    _ name: String, default value: Int?, in range: ClosedRange<Int> = Int.min...Int.max,
    help: String
  ) -> Parameter {
    Parameter(name: name, kind: .integer(range), default: value.map { .integer($0) }, help: help)
  }

  public static func flag(_ name: String, default value: Bool, help: String) -> Parameter {
    Parameter(name: name, kind: .flag, default: .flag(value), help: help)
  }

  public static func text(
    _ name: String, default value: String?, help: String, meaning: ParameterMeaning? = nil
  ) -> Parameter {
    Parameter(
      name: name, kind: .text, default: value.map { .text($0) }, help: help, meaning: meaning)
  }

  public static func choice(
    _ name: String, default value: String?, of choices: [String], help: String,
    meaning: ParameterMeaning? = nil
  ) -> Parameter {
    Parameter(
      name: name, kind: .choice(choices), default: value.map { .text($0) }, help: help,
      meaning: meaning)
  }

  public static func integers(
    _ name: String, default value: [Int]?, in range: ClosedRange<Int> = Int.min...Int.max,
    help: String
  ) -> Parameter {
    Parameter(name: name, kind: .integers(range), default: value.map { .integers($0) }, help: help)
  }

  public static func texts(_ name: String, default value: [String]?, help: String) -> Parameter {
    Parameter(name: name, kind: .texts, default: value.map { .texts($0) }, help: help)
  }

  /// A list of real numbers, each within `range`, both ends included.
  public static func numbers(
    _ name: String, default value: [Double]?,
    in range: ClosedRange<Double> = -Double.infinity...Double.infinity, help: String
  ) -> Parameter {
    Parameter(name: name, kind: .numbers(range), default: value.map { .numbers($0) }, help: help)
  }

  /// The values that the parameter accepts, for manuals and messages: `a number in 0.0...1.0`.
  public var expectation: String {
    switch kind {
    case .number(let range): "a number" + Self.bounds(range)
    case .integer(let range): "a whole number" + Self.bounds(range)
    case .flag: "true or false"
    case .text: "a text"
    case .choice(let choices): "one of " + choices.joined(separator: ", ")
    case .integers(let range): "a list of whole numbers" + Self.bounds(range)
    case .texts: "a list of texts"
    case .numbers(let range): "a list of numbers" + Self.bounds(range)
    }
  }

  private static func bounds(_ range: ClosedRange<Double>) -> String {
    switch (range.lowerBound.isFinite, range.upperBound.isFinite) {
    case (true, true): " in \(range.lowerBound)...\(range.upperBound)"
    case (true, false): " of at least \(range.lowerBound)"
    case (false, true): " of at most \(range.upperBound)"
    case (false, false): ""
    }
  }

  private static func bounds(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound > .min, range.upperBound < .max) {
    case (true, true): " in \(range.lowerBound)...\(range.upperBound)"
    case (true, false): " of at least \(range.lowerBound)"
    case (false, true): " of at most \(range.upperBound)"
    case (false, false): ""
    }
  }

  /// The value in the parameter's own type if it fits, else `nil`: whole numbers serve as
  /// numbers, and one element serves as a list.
  func accept(_ value: ParameterValue) -> ParameterValue? {
    switch (kind, value) {
    case (.number(let range), .number(let x)): range.contains(x) ? value : nil
    case (.number(let range), .integer(let x)):
      range.contains(Double(x)) ? .number(Double(x)) : nil
    case (.integer(let range), .integer(let x)): range.contains(x) ? value : nil
    case (.flag, .flag): value
    case (.text, .text): value
    case (.text, .integer(let x)): .text(String(x))
    case (.choice(let choices), .text(let x)): choices.contains(x) ? value : nil
    case (.integers(let range), .integers(let xs)): xs.allSatisfy(range.contains) ? value : nil
    case (.integers(let range), .integer(let x)): range.contains(x) ? .integers([x]) : nil
    case (.integers, .texts(let xs)): xs.isEmpty ? .integers([]) : nil
    case (.integers, .numbers(let xs)): xs.isEmpty ? .integers([]) : nil
    case (.numbers(let range), .numbers(let xs)): xs.allSatisfy(range.contains) ? value : nil
    case (.numbers(let range), .number(let x)): range.contains(x) ? .numbers([x]) : nil
    case (.numbers, .integer(let x)): accept(.numbers([Double(x)]))
    case (.numbers, .integers(let xs)): accept(.numbers(xs.map { Double($0) }))
    case (.numbers, .texts(let xs)): xs.isEmpty ? .numbers([]) : nil
    case (.texts, .texts): value
    case (.texts, .integers(let xs)): .texts(xs.map(String.init))
    case (.texts, .numbers(let xs)): .texts(xs.map { "\($0)" })
    case (.texts, .text(let x)): .texts([x])
    default: nil
    }
  }
}
