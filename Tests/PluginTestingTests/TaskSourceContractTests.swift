import FulcrumKernel
import PluginTesting
import Testing

/// Sums by index, with a finite number of them and demonstrations.
struct SoundTask: DemonstratingTask {
  static let manual = ideaManual
  let trainingCount: Int? = 20

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem { TaskOf.item("train", index) }

  func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
    ["easy", "hard"].flatMap { category in
      (0..<min(count, 2)).map { TaskOf.item("held-out-" + category, $0, category: category) }
    }
  }

  func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
    Demonstration(prompt: TaskOf.item("train", index).prompt, completion: "1")
  }
}

@Suite struct TaskSourceContractTests {
  private static func checks(
    _ make: @escaping @Sendable (ComponentContext) -> TaskOf
  ) -> [ContractCheck] {
    PluginContract.checks(task: ideaManual, [:]) { _, context in make(context) }
  }

  static let broken = [
    Broken(
      "has items without prompts", "there are training items, each with an id and a prompt",
      "expected an id and a prompt, or messages, in training item 3, got id '3' and a prompt of 0 bytes",
      checks { _ in
        TaskOf(training: { index in
          TaskItem(
            id: "\(index)", prompt: index == 3 ? "" : "p", answer: "", category: "all")
        })
      }),
    Broken(
      "hands items out one after the other",
      "items are functions of their index, in whatever order they are asked for",
      "expected training item ",
      checks { _ in
        let own = Counter()
        return TaskOf(training: { _ in TaskOf.item("train", own.next()) })
      }),
    Broken(
      "gives two items one id", "ids are distinct", "expected distinct ids, got 'train/0' twice",
      checks { _ in
        TaskOf(training: { index in
          TaskItem(id: "train/0", prompt: "p\(index)", answer: "", category: "all")
        })
      }),
    Broken(
      "evaluates on what it trains on",
      "held-out items are none of the training items or demonstrations",
      "expected other held-out prompts, got that of training item 0",
      checks { _ in TaskOf(heldOut: { (0..<$0).map { TaskOf.item("train", $0) } }) }),
    Broken(
      "holds out others for each seed", "held-out items are the same for every seed",
      "expected the same bits with one seed and with another, got other held-out item ",
      checks { context in
        TaskOf(heldOut: { count in
          (0..<count).map {
            TaskItem(
              id: "held-out/\($0)", prompt: "of \(context.seed), \($0)", answer: "", category: "all"
            )
          }
        })
      }),
    Broken(
      "mixes its categories", "held-out items come category by category, no more than asked for",
      "expected held-out items category by category, got '0' again after '1'",
      checks { _ in
        TaskOf(heldOut: { count in
          (0..<2 * count).map { TaskOf.item("held-out", $0, category: "\($0 % 2)") }
        })
      }),
    Broken(
      "holds out one too many", "held-out items come category by category, no more than asked for",
      "expected at most 0 held-out items of category 'all', got 1",
      checks { _ in TaskOf(heldOut: { (0...$0).map { TaskOf.item("held-out", $0) } }) }),
    Broken(
      "splits by the low bits of a hash",
      "held-out items drawn without end look like those to train on",
      "expected held-out items like those to train on; in category '3 numbers' they differ in the ",
      checks { _ in
        TaskOf(
          training: { SplitPuzzles.item($0, isHeldOut: false, isMixed: false) },
          heldOut: { count in
            (0..<count).map { SplitPuzzles.item($0, isHeldOut: true, isMixed: false) }
          })
      }),
  ]

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `sound tasks pass, finite and endless`() {
    expectKept(PluginContract.checks(for: SoundTask.self))
    expectKept(Self.checks { _ in TaskOf() })
  }

  @Test func `every check has its mistake`() {
    let names = PluginContract.checks(for: SoundTask.self).map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names) == Set((Self.broken + CommonContractTests.broken).map(\.check)))
  }
}
