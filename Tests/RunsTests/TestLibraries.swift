import FulcrumKernel
import PluginHost
import PolicyTestSupport
import Runs

/// Endless prompts, numbered.
struct CountingTask: TaskSource {
  static let manual = ComponentManual(
    name: "counting", summary: "numbers", source: "tests",
    parameters: [.text("category", default: "all", help: "the items' category")])
  private let category: String
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    category = try parameters.text("category")
  }
  func trainingItem(_ index: Int) -> TaskItem {
    TaskItem(
      id: "\(index)", prompt: ["a", "b", "c"][index % 3], answer: "", category: category)
  }
  func heldOutItems(perCategory count: Int) -> [TaskItem] {
    (0..<count).map { trainingItem(1000 + $0) }
  }
}

/// Prompts of a file, a line each: every eighth is held out. What is behind a space is the answer.
struct LinesTask: DemonstratingTask {
  static let manual = ComponentManual(
    name: "lines", summary: "a file's lines", source: "tests",
    parameters: [.text("file", default: nil, help: "a path", meaning: .dataFile)])
  private let items: [TaskItem]
  private var training: [TaskItem] {
    items.enumerated().filter { $0.offset % 8 != 7 }.map(\.element)
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    let file = try parameters.text("file")
    items = RunDirectory.lines(of: file).enumerated().map { number, line in
      let parts = line.split(separator: " ").map(String.init)
      var item = TaskItem(
        id: "\(number)", prompt: parts[0], answer: parts.count > 1 ? parts[1] : "", category: "all")
      item.location = "lines:\(number + 1)"
      return item
    }
  }

  var trainingCount: Int? { training.count }
  func trainingItem(_ index: Int) -> TaskItem { training[index] }
  func heldOutItems(perCategory count: Int) -> [TaskItem] {
    items.enumerated().filter { $0.offset % 8 == 7 }.map(\.element)
  }
  func demonstration(_ index: Int) -> Demonstration {
    Demonstration(prompt: items[index % items.count].prompt, completion: "ab")
  }
}

/// Rewards nothing, and refuses answers that begin with an x.
struct CheckingReward: AnswerCheckingReward {
  static let manual = ComponentManual(name: "checking", summary: "0", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  func score(_ sample: RewardSample) -> RewardScore { .scored(0, .wrong) }
  func check(_ item: TaskItem) throws(FulcrumError) {
    guard item.answer.hasPrefix("x") else { return }
    throw FulcrumError(.data, "expected no x, got '\(item.answer)'", hint: "write another letter")
  }
}

/// Rewards a completion by its length.
struct LengthReward: RewardFn {
  static let manual = ComponentManual(
    name: "length", summary: "tokens", source: "tests",
    parameters: [.flag("fails", default: false, help: "whether it throws")])
  private let fails: Bool
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    fails = try parameters.flag("fails")
  }
  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    if fails { throw FulcrumError(.data, "expected an answer, got none") }
    return .scored(Double(sample.tokenCount ?? 0), .correct)
  }
}

/// w = A · share.
struct PlainObjective: PolicyObjective {
  static let manual = ComponentManual(name: "plain", summary: "A log pi", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    for sequence in 0..<input.sequenceCount {
      for token in input.tokens(ofSequence: sequence) {
        weights[token] = input.advantages[token] * Float(input.share(ofSequence: sequence))
      }
    }
  }
}

/// A format of libraries whose file is any file: its components are the tests' own.
struct TestLibraries: LibraryFormat {
  struct Inspection: LibraryInspection {
    let path: String
    var name: String { "tests" }
    var digest: String? { String(repeating: "a", count: 64) }
    var faults: [PluginFault] { [] }
    var announced: [(kind: HostComponent.Kind, name: String)] { [] }
    var summary: String { "" }
  }

  let suffix = ".test-library"
  let kinds = Set(HostComponent.Kind.allCases)

  func fileName(of plugin: PluginName) -> String { plugin.text + suffix }
  func plugin(inFile fileName: String) -> PluginName? {
    fileName.hasSuffix(suffix) ? PluginName(String(fileName.dropLast(suffix.count))) : nil
  }
  func inspect(path: String) -> Inspection { Inspection(path: path) }

  func load(_ inspection: Inspection, from path: String) -> LoadedLibrary {
    LoadedLibrary(
      version: "1.0.0",
      components: [
        component(.policy, BigramPolicy.self), component(.task, CountingTask.self),
        component(.task, LinesTask.self), component(.reward, CheckingReward.self),
        component(.reward, LengthReward.self), component(.policyObjective, PlainObjective.self),
      ], files: [.init("library", path: path)], notes: [])
  }

  private func component(_ kind: HostComponent.Kind, _ type: any Component.Type) -> HostComponent {
    HostComponent(kind: kind, manual: type.manual) {
      (parameters, context) throws(FulcrumError) in try type.init(parameters, context: context)
    }
  }
}
