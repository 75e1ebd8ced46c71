import FulcrumKernel

/// Whether a component's manual says enough, and whether the component does what it says.
struct SchemaChecks: Sendable {
  let component: HostComponent
  /// What the request gives; the manual's defaults complete it.
  let given: [String: ParameterValue]

  private var subject: String { component.label }
  private var manual: ComponentManual { component.manual }

  /// The parameters without a default that the request doesn't give.
  var missing: [Parameter] {
    manual.parameters.filter { $0.defaultValue == nil && given[$0.name] == nil }
  }

  var items: [CheckItem] {
    let all = [
      CheckItem(subject, "its manual is complete") { () throws(FulcrumError) in manualFinding },
      CheckItem(subject, "its parameters make an instance", isEssential: true) {
        () throws(FulcrumError) in
        if let incomplete { return incomplete }
        _ = try make()
        return .ok("")
      },
      CheckItem(subject, "a value out of range is refused with its key") {
        () throws(FulcrumError) in try refusals()
      },
      CheckItem(subject, "each end of a range and each choice is taken or refused") {
        () throws(FulcrumError) in try ends()
      },
    ]
    return missing.isEmpty ? all : Array(all.prefix(3))
  }

  private func make(with values: [String: ParameterValue] = [:]) throws(FulcrumError)
    -> any Component
  {
    let parameters = try Parameters(
      given.merging(values) { _, new in new }, for: manual.parameters, at: manual.name)
    return try component.make(parameters, context: ComponentContext(seed: 1, threads: 1))
  }

  private var manualFinding: CheckFinding {
    var faults: [String] = []
    func require(_ text: String, _ what: String) {
      if text.allSatisfy(\.isWhitespace) { faults.append("\(what) is empty") }
      if text.contains(where: \.isNewline) { faults.append("\(what) has several lines") }
    }
    require(manual.summary, "its summary")
    require(manual.source, "its source")
    for parameter in manual.parameters {
      require(parameter.help, "the help of '\(parameter.name)'")
      if case .choice(let choices) = parameter.kind {
        if choices.isEmpty { faults.append("'\(parameter.name)' has no choices") }
        if Set(choices).count < choices.count {
          faults.append("'\(parameter.name)' has a choice twice")
        }
      }
    }
    guard faults.isEmpty else { return .fault(faults.joined(separator: "; ")) }
    let count = manual.parameters.count
    return .ok(count == 1 ? "1 parameter" : "\(count) parameters")
  }

  private var incomplete: CheckFinding? {
    guard !missing.isEmpty else { return nil }
    let settings = missing.map { "--set \(manual.name).\($0.name)=… (\($0.expectation))" }
    return .incomplete("give " + settings.joined(separator: " and "))
  }

  /// Gives each parameter a value that its manual forbids.
  private func refusals() throws(FulcrumError) -> CheckFinding {
    // So that none but the wrong value is to blame.
    var sound = given
    for parameter in missing { sound[parameter.name] = parameter.someValue }
    for parameter in manual.parameters {
      guard let wrong = parameter.wrongValue else { continue }
      do {
        _ = try Parameters(
          sound.merging([parameter.name: wrong]) { _, new in new }, for: manual.parameters,
          at: manual.name)
        return .fault("'\(parameter.name)' takes \(wrong), expected \(parameter.expectation)")
      } catch {
        if let fault = blame(error, parameter, wrong) { return fault }
      }
    }
    return .ok("")
  }

  /// Gives each parameter the last values that its manual allows.
  private func ends() throws(FulcrumError) -> CheckFinding {
    // The ends of a model's sizes are models that no machine can hold.
    guard component.kind != .policy else {
      return .skipped("the ends of a policy's sizes are too large to make")
    }
    var count = 0
    for parameter in manual.parameters {
      for value in parameter.lastValues {
        count += 1
        do {
          _ = try make(with: [parameter.name: value])
        } catch {
          if let fault = blame(error, parameter, value) { return fault }
        }
      }
    }
    return .ok("\(count) values")
  }

  /// The fault if an error isn't one about the parameter.
  private func blame(
    _ error: FulcrumError, _ parameter: Parameter, _ value: ParameterValue
  ) -> CheckFinding? {
    let place = "\(manual.name).\(parameter.name)"
    guard error.code != .parameter else {
      // A condition on two parameters may be told at the other one.
      let isPlaced = manual.parameters.contains { error.location == "\(manual.name).\($0.name)" }
      return isPlaced
        ? nil
        : .fault(
          "expected the refusal of \(value) at \(place), got it at \(error.location ?? "no place")")
    }
    return .fault(
      "expected \(place)=\(value) to be taken or refused as a parameter, got the error "
        + "'\(error.code.rawValue)': \(error.sentence)")
  }
}

extension Parameter {
  /// A value that the manual forbids; `nil`: this host doesn't know the kind.
  var wrongValue: ParameterValue? {
    switch kind {
    case .number(let range):
      range.upperBound.isFinite
        ? .number(range.upperBound.nextUp)
        : .number(range.lowerBound.isFinite ? range.lowerBound.nextDown : .nan)
    case .integer(let range):
      Self.beyond(range).map { .integer($0) } ?? .text("a word")
    case .integers(let range):
      Self.beyond(range).map { .integers([$0]) } ?? .text("a word")
    case .flag: .text("perhaps")
    case .choice(let choices): .text(choices.joined(separator: " or ") + " or neither")
    case .text, .texts: .flag(true)
    @unknown default: nil
    }
  }

  /// The ends of the range, or all choices: what a component must be ready for.
  var lastValues: [ParameterValue] {
    switch kind {
    case .number(let range):
      [range.lowerBound, range.upperBound].filter(\.isFinite).map { .number($0) }
    case .integer(let range): [.integer(range.lowerBound), .integer(range.upperBound)]
    case .flag: [.flag(false), .flag(true)]
    case .choice(let choices): choices.map { .text($0) }
    // Texts name files and the like, and of lists the host knows no more than their elements.
    case .text, .texts, .integers: []
    @unknown default: []
    }
  }

  /// A value that the manual allows.
  var someValue: ParameterValue {
    switch kind {
    case .number(let range):
      .number(range.lowerBound.isFinite ? range.lowerBound : min(0, range.upperBound))
    case .integer(let range): .integer(range.lowerBound)
    case .flag: .flag(false)
    case .text: .text("")
    case .choice(let choices): .text(choices.first ?? "")
    case .integers: .integers([])
    case .texts: .texts([])
    @unknown default: .text("")
    }
  }

  private static func beyond(_ range: ClosedRange<Int>) -> Int? {
    if range.upperBound < .max { return range.upperBound + 1 }
    return range.lowerBound > .min ? range.lowerBound - 1 : nil
  }
}
