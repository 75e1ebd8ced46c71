import FulcrumKernel
import Testing
import Training

/// Gives the phases it was made with.
private struct Fixed: UpdateScheduler {
  static let manual = ComponentManual(name: "fixed", summary: "", source: "tests")
  var masks: [[Bool]?] = []
  var passes = 1
  /// The name of every phase; `nil`: each has its own.
  var name: String?
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(_ masks: [[Bool]?], passes: Int = 1, name: String? = nil) {
    self.masks = masks
    self.passes = passes
    self.name = name
  }
  func phases(for batch: RolloutBatch, advantages: Span<Float>) -> [UpdatePhase] {
    masks.enumerated().map { UpdatePhase(name: name ?? "p\($0.offset)", participates: $0.element) }
  }
}

@Suite struct PhaseCheckTests {
  private func outcome(_ scheduler: Fixed) -> String {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[0]], completions: [[[1, 2, 3]]]), rewards: [0])
    var metrics = MetricSums()
    do {
      let phases = try PhaseCheck.phases(
        of: Named("schedule", name: "fixed", component: scheduler), for: batch,
        advantages: [0, 0, 0], metrics: &metrics)
      return "\(phases.count) phases"
    } catch {
      return error.description
    }
  }

  @Test func `a partition is accepted, and so are as many passes as are meant`() {
    #expect(outcome(Fixed([[true, false, true], [false, true, false]])) == "2 phases")
    #expect(outcome(Fixed([nil, nil], passes: 2)) == "2 phases")
    #expect(outcome(Fixed([[false, false, false], nil])) == "2 phases")
  }

  private let hint = """

      hint: phases must neither lose nor repeat tokens; to leave some out, give them advantage zero \
    by a transform
    """

  @Test func `overlapping phases are named`() {
    #expect(
      outcome(Fixed([[true, false, true], [true, true, false]]))
        == "schedule fixed: expected every token in 1 of the phases, got token 0 in 2: 'p0', 'p1'"
        + hint)
  }

  @Test func `phases that lose a token are named`() {
    #expect(
      outcome(Fixed([[true, false, false], [false, true, false]]))
        == "schedule fixed: expected every token in 1 of the phases, got token 2 in 0" + hint)
    #expect(
      outcome(Fixed([nil], passes: 2))
        == "schedule fixed: expected every token in 2 of the phases, got token 0 in 1: 'p0'" + hint)
  }

  @Test func `phases of one name are named`() {
    #expect(
      outcome(Fixed([nil, nil], passes: 2, name: "a")) == """
        schedule fixed: expected phases of different names, got 'a' twice
          hint: a phase's metrics stand under its name
        """)
  }

  @Test func `a mask of another length is named`() {
    #expect(
      outcome(Fixed([[true, false]]))
        == "schedule fixed: expected a mask of 3 tokens, got 2 in phase 'p0'")
  }
}
