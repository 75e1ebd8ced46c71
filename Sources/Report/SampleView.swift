import Charts
import FulcrumKernel
import Runs
import Training

/// Shows completions with every token coloured by its probability, lever or weight.
enum SampleView {
  /// The most completions that are shown of a step.
  private static let limit = 4
  /// The most tokens that are shown of a completion.
  private static let tokenLimit = 500

  /// Reads completions of the first and of the last step that wrote any.
  static func samples(of directory: RunDirectory) throws(FulcrumError) -> [[SampleRecord]] {
    let steps = RolloutRecord.steps(in: directory.samples)
    var result: [[SampleRecord]] = []
    for step in Set([steps.first, steps.last].compactMap(\.self)).sorted() {
      let all = try JSONLinesFile.read(
        SampleRecord.self, from: RolloutRecord.path(step: UInt32(step), in: directory.samples))
      result.append(Array(all.prefix(limit)))
    }
    return result
  }

  /// - Parameter steps: for each step some completions.
  static func markup(_ steps: [[SampleRecord]]) -> [any Markup] {
    let steps = steps.filter { !$0.isEmpty }
    guard !steps.isEmpty else { return [] }
    var result: [any Markup] = [
      Element(
        "p", ["class": "note"],
        [
          "The first \(limit) completions of the first and of the last step that wrote"
            + " samples; of each at most \(tokenLimit) tokens. A token's numbers: point"
            + " at it, or go to it with Tab and on with the arrow keys."
        ])
    ]
    if steps.joined().contains(where: { $0.tokenTexts != nil }) { result.append(colourSwitch) }
    for step in steps {
      result.append(Element("h3", [:], ["Step \(step[0].step)"]))
      // One scale for a step: colours of its completions can be compared.
      let largest = step.flatMap { ($0.weight ?? []).compactMap { $0.map(abs) } }.max() ?? 0
      result.append(
        Element(
          "div", ["class": "samples"], step.map { sample($0, largestWeight: largest) }))
    }
    return result
  }

  private static var colourSwitch: Element {
    let names = [
      ("probability", "probability", "likely", "unlikely when it was sampled"),
      ("lever", "lever", "0", "√2: pull on the logits, ‖∇ log π‖ over them"),
      ("weight", "weight", "pushed down", "pushed up by the update"),
    ]
    var children: [any Markup] = [Element("legend", [:], ["Colour tokens by"])]
    for (index, name) in names.enumerated() {
      var input = Element(
        "input", ["type": "radio", "name": "colour", "id": "by-" + name.0, "value": name.0])
      if index == 0 { input.attributes.append(("checked", "checked")) }
      children.append(Element("label", [:], [input, " " + name.1]))
    }
    children.append(Element("br"))
    for name in names {
      children.append(
        Element(
          "span", ["class": "note by-" + name.0],
          [name.2 + " ", Element("span", ["class": "scale"]), " " + name.3]))
    }
    return Element("fieldset", [:], children)
  }

  private static func sample(_ sample: SampleRecord, largestWeight: Double) -> Element {
    let reward = sample.reward.isNaN ? "none" : NumberText.short(sample.reward)
    return Element(
      "article", ["class": "sample"],
      [
        Element(
          "div", [:],
          [
            Element("strong", [:], [sample.id]),
            " · \(sample.outcome) · reward \(reward) · "
              + Counted.text(sample.tokens, "token"),
          ])
      ] + rewards(sample) + [
        Element(
          "details", [:],
          [
            Element("summary", [:], ["Prompt"]), Element("p", ["class": "prompt"], [sample.prompt]),
          ]),
        Element("p", ["class": "completion"], completion(sample, largestWeight: largestWeight)),
      ])
  }

  /// Tells each reward function's value with its parts, if that says more than the reward.
  private static func rewards(_ sample: SampleRecord) -> [any Markup] {
    let rewards = sample.rewards ?? []
    guard rewards.count > 1 || rewards.contains(where: { !$0.parts.isEmpty }) else { return [] }
    return [Element("p", ["class": "note"], [rewards.map(text).joined(separator: " · ")])]
  }

  private static func text(_ reward: SampleReward) -> String {
    let value = reward.value.isNaN ? "none" : NumberText.short(reward.value)
    let parts = reward.parts.map { "\($0.name) \(NumberText.short($0.value))" }
    let details =
      (reward.weight == 1 ? [] : ["weight \(NumberText.short(reward.weight))"])
      + (reward.value.isNaN
        ? [[reward.outcome, reward.reason ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")]
        : [])
      + parts
    return "\(reward.name) \(value)"
      + (details.isEmpty ? "" : " (" + details.joined(separator: ", ") + ")")
  }

  private static func completion(_ sample: SampleRecord, largestWeight: Double) -> [any Markup] {
    guard let texts = sample.tokenTexts else { return [sample.completion] }
    var result: [any Markup] = texts.prefix(tokenLimit).enumerated().map {
      token($1, at: $0, of: sample, largestWeight: largestWeight)
    }
    if texts.count > tokenLimit {
      result.append(" … " + Counted.text(texts.count - tokenLimit, "more token"))
    }
    return result
  }

  private static func token(
    _ text: String, at index: Int, of sample: SampleRecord, largestWeight: Double
  ) -> Element {
    func value(_ list: [Double?]?) -> Double? {
      guard let list, list.indices.contains(index) else { return nil }
      return list[index]
    }
    let probability = value(sample.probability)
    let lever = value(sample.lever)
    let weight = value(sample.weight)
    var style: [String] = []
    func shade(_ name: String, _ strength: Double?) {
      guard let strength, strength.isFinite, strength > 0.005 else { return }
      style.append("--\(name):" + NumberText.place(min(1, strength)))
    }
    shade("p", probability.map { 1 - $0 })
    shade("l", lever.map { $0 / 2.0.squareRoot() })
    shade("u", weight.map { largestWeight > 0 ? abs($0) / largestWeight : 0 })
    let parts: [(String, String?)] = [
      ("token      ", visible(text)), ("probability", probability.map { NumberText.short($0) }),
      ("advantage  ", value(sample.advantage).map { NumberText.short($0) }),
      ("lever      ", lever.map { NumberText.short($0) } ?? "took no part"),
      ("weight     ", weight.map { NumberText.short($0) }),
    ]
    let numbers = parts.compactMap { name, value in value.map { name + " " + $0 } }
      .joined(separator: "\n")
    var element = Element(
      "span",
      [
        "class": (weight ?? 0) < 0 ? "t down" : "t", "tabindex": index == 0 ? "0" : "-1",
        "title": numbers,
      ], [shown(text)])
    if !style.isEmpty { element.attributes.append(("style", style.joined(separator: ";"))) }
    return element
  }

  /// Returns a token's text; one without ink still has a place to point at.
  private static func shown(_ text: String) -> String {
    text.isEmpty ? "·" : text.replacing("\n", with: "⏎\n")
  }

  private static func visible(_ text: String) -> String {
    let marked = text.replacing("\n", with: "⏎").replacing(" ", with: "␣")
    return marked.isEmpty ? "(no whole character)" : String(marked.prefix(40))
  }
}
