import FulcrumKernel

/// Whether a component's manual and its behaviour agree.
extension Subject {
  var schemaChecks: [ContractCheck] {
    [
      ContractCheck("the manual is complete, and its defaults keep its own rules") {
        () throws(FulcrumError) in try checkManual()
      },
      ContractCheck("the ends of each parameter's range are accepted, or refused by name") {
        () throws(FulcrumError) in
        for parameter in manual.parameters {
          for value in parameter.kind.ends { try accept(value, as: parameter) }
        }
      },
      ContractCheck("what is beyond a parameter's range is refused, by its name") {
        () throws(FulcrumError) in
        for parameter in manual.parameters {
          for value in parameter.kind.misfits { try refuse(value, as: parameter) }
        }
      },
    ]
  }

  private func checkManual() throws(FulcrumError) {
    guard Self.isName(manual.name) else {
      throw fault("expected a name of \(Self.nameRule), got '\(manual.name)'")
    }
    guard !manual.summary.isEmpty, !manual.summary.contains("\n") else {
      throw fault("expected one line of summary, got '\(manual.summary)'")
    }
    guard !manual.source.isEmpty else {
      throw fault(
        "expected a source, got an empty one", hint: "name the paper or code, or say it is your own"
      )
    }
    var seen: Set<String> = []
    for parameter in manual.parameters {
      guard Self.isName(parameter.name) else {
        throw fault("expected parameter names of \(Self.nameRule), got '\(parameter.name)'")
      }
      guard seen.insert(parameter.name).inserted else {
        throw fault("the parameter '\(parameter.name)' is declared twice")
      }
      guard !parameter.help.isEmpty, !parameter.help.contains("\n") else {
        throw fault("expected one line of help for '\(parameter.name)', got '\(parameter.help)'")
      }
      guard parameter.kind.fits(parameter.meaning) else {
        throw fault(
          "expected '\(parameter.name)' to be of a kind that its meaning has, got"
            + " \(parameter.expectation) for '\(parameter.meaning?.rawValue ?? "")'",
          hint:
            "strengths are numbers, a checkpoint is a text, a data file a text or a list of texts, an"
            + " optimizer a choice with 'sgd'")
      }
      guard let value = parameter.defaultValue else { continue }
      do {
        _ = try Parameters([parameter.name: value], for: [parameter], at: manual.name)
      } catch {
        throw fault("the default of '\(parameter.name)' breaks its own rule: \(error.message)")
      }
    }
  }

  /// A value within the range may still clash with the other parameters; the error must then name
  /// one of them.
  private func accept(
    _ value: ParameterValue, as parameter: Parameter
  ) throws(FulcrumError) {
    var given = parameters
    given[parameter.name] = value
    do {
      _ = try Parameters(given, for: manual.parameters, at: manual.name)
    } catch {
      throw fault(
        "expected \(parameter.name) = \(value), which is \(parameter.expectation), to pass the"
          + " manual, got: \(error.location ?? "no place"): \(error.message)")
    }
    do {
      _ = try make(given)
    } catch {
      let isNamed = manual.parameters.contains { error.location == "\(manual.name).\($0.name)" }
      if error.code == .parameter, isNamed { return }
      throw fault(
        "expected \(parameter.name) = \(value), which is \(parameter.expectation), to be accepted or"
          + " refused by a parameter's name, got: \(error.location ?? "no place"): \(error.message)",
        hint: "refuse what a range can't express with `parameters.refuse(name, message)`")
    }
  }

  private func refuse(
    _ value: ParameterValue, as parameter: Parameter
  ) throws(FulcrumError) {
    var given = parameters
    given[parameter.name] = value
    do {
      _ = try make(given)
    } catch {
      guard error.code == .parameter, error.location == "\(manual.name).\(parameter.name)" else {
        throw fault(
          "expected \(parameter.name) = \(value) to be refused as '\(manual.name)."
            + "\(parameter.name)', got '\(error.location ?? "")': \(error.message)")
      }
      return
    }
    throw fault(
      "expected \(parameter.name) = \(value) to be refused, as it is not"
        + " \(parameter.expectation); it was accepted")
  }

  private static var nameRule: String {
    "lower-case letters, digits and hyphens, starting with a letter"
  }

  private static func isName(_ text: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = text.utf8.first, letters.contains(first) else { return false }
    return text.utf8.allSatisfy {
      letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-")
    }
  }
}

extension Parameter.Kind {
  /// Whether a host can read a parameter of this kind by its meaning.
  func fits(_ meaning: ParameterMeaning?) -> Bool {
    switch (meaning, self) {
    case (nil, _), (.checkpoint, .text), (.dataFile, .text), (.dataFile, .texts): true
    case (.optimizer, .choice(let choices)): choices.contains("sgd")
    case (.checkpoint, _), (.optimizer, _), (.dataFile, _): false
    // All others are strengths and limits.
    case (_, .number): true
    default: false
    }
  }

  /// The outermost values that are allowed; what has no end has none here.
  var ends: [ParameterValue] {
    switch self {
    case .number(let range):
      [range.lowerBound, range.upperBound].filter(\.isFinite).map { .number($0) }
    case .integer(let range): Self.finiteEnds(range).map { .integer($0) }
    case .integers(let range): [.integers([])] + Self.finiteEnds(range).map { .integers([$0]) }
    case .numbers(let range):
      [.numbers([])]
        + [range.lowerBound, range.upperBound].filter(\.isFinite).map { .numbers([$0]) }
    case .flag: [.flag(false), .flag(true)]
    case .choice(let choices): choices.map { .text($0) }
    // What a text may say is the component's own business.
    case .text, .texts: []
    @unknown default: []
    }
  }

  /// Values that are not allowed: just beyond the ends, or of another type.
  var misfits: [ParameterValue] {
    switch self {
    case .number(let range):
      [.number(.nan), .flag(true), .texts(["1"])]
        + (range.lowerBound.isFinite ? [.number(range.lowerBound.nextDown)] : [])
        + (range.upperBound.isFinite ? [.number(range.upperBound.nextUp)] : [])
    case .integer(let range):
      [.number(0.5), .flag(true), .text("one")] + Self.beyond(range).map { .integer($0) }
    case .integers(let range):
      [.number(0.5), .texts(["one"])] + Self.beyond(range).map { .integers([$0]) }
    case .numbers(let range):
      [.numbers([.nan]), .texts(["one"]), .flag(true)]
        + (range.lowerBound.isFinite ? [.numbers([range.lowerBound.nextDown])] : [])
        + (range.upperBound.isFinite ? [.numbers([range.upperBound.nextUp])] : [])
    case .flag: [.integer(1), .text("yes")]
    case .choice(let choices): [.text((choices.max() ?? "") + "-not"), .flag(true)]
    case .text: [.flag(true), .texts(["a", "b"])]
    case .texts: [.flag(true), .number(0.5)]
    @unknown default: []
    }
  }

  private static func finiteEnds(_ range: ClosedRange<Int>) -> [Int] {
    [range.lowerBound, range.upperBound].filter { $0 != .min && $0 != .max }
  }

  private static func beyond(_ range: ClosedRange<Int>) -> [Int] {
    (range.lowerBound > .min ? [range.lowerBound - 1] : [])
      + (range.upperBound < .max ? [range.upperBound + 1] : [])
  }
}
