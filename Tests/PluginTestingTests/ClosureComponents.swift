import FulcrumKernel

/// A transform whose body is a closure.
struct TransformOf: AdvantageTransform {
  typealias Body =
    @Sendable (inout MutableSpan<Float>, RolloutBatch) throws(FulcrumError) -> Void

  static let manual = ideaManual
  let needs: Set<Column>
  private let body: Body

  init(needs: Set<Column> = [], _ body: @escaping Body) {
    self.needs = needs
    self.body = body
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw Self.madeByClosure()
  }

  func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
  ) throws(FulcrumError) {
    try body(&advantages, batch)
  }
}

/// A transform that reports; its body is a closure.
struct ReportingTransformOf: ReportingTransform {
  typealias Body =
    @Sendable (inout MutableSpan<Float>, inout MetricSums) throws(FulcrumError) -> Void

  static let manual = ideaManual
  private let body: Body

  init(_ body: @escaping Body) { self.body = body }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw Self.madeByClosure()
  }

  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {}

  func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try body(&advantages, &metrics)
  }
}

/// A scheduler that reports; its body is a closure.
struct ReportingSchedulerOf: ReportingScheduler {
  typealias Body = @Sendable (inout MetricSums) throws(FulcrumError) -> [UpdatePhase]

  static let manual = ideaManual
  private let body: Body

  init(_ body: @escaping Body) { self.body = body }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw Self.madeByClosure()
  }

  func phases(
    for batch: RolloutBatch, advantages: Span<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) -> [UpdatePhase] {
    try body(&metrics)
  }

  func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    [UpdatePhase(name: "all")]
  }
}

/// A scheduler whose body is a closure.
struct SchedulerOf: UpdateScheduler {
  typealias Body = @Sendable (RolloutBatch) throws(FulcrumError) -> [UpdatePhase]

  static let manual = ideaManual
  let needs: Set<Column>
  let passes: Int
  private let body: Body

  init(needs: Set<Column> = [], passes: Int = 1, _ body: @escaping Body) {
    self.needs = needs
    self.passes = passes
    self.body = body
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw Self.madeByClosure()
  }

  func phases(
    for batch: RolloutBatch, advantages: Span<Float>
  ) throws(FulcrumError) -> [UpdatePhase] {
    try body(batch)
  }
}
