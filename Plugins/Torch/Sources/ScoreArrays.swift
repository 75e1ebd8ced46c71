import FulcrumKernel
import JSON
import Wire

/// Writes a request for scores as a call's header, and holds the scores that come back.
struct ScoreArrays {
  private let logProbabilities, entropies, levers, further: [Float]
  private let statistics: [TokenStatistic]

  /// The statistics in the order in which they travel.
  static func order(_ request: ScoreRequest) -> [TokenStatistic] {
    request.statistics.sorted { $0.name < $1.name }
  }

  static func header(_ request: ScoreRequest) -> [JSONMember] {
    [
      JSONMember("temperature", .number(Double(request.temperature))),
      JSONMember("statistics", .array(order(request).map { .string($0.name) })),
    ]
  }

  init(_ frame: WireFrame, _ request: ScoreRequest, count: Int) throws(WireFault) {
    func column(_ name: String, _ width: Int = 1) throws(WireFault) -> [Float] {
      let values = try frame.array(name).floats()
      guard values.count == count * width else {
        throw WireFault("expected \(count * width) numbers in '\(name)', got \(values.count)")
      }
      return values
    }
    statistics = Self.order(request)
    logProbabilities = try column("logProbabilities")
    entropies = try column("entropies")
    levers = try column("levers")
    var further: [Float] = []
    for (place, statistic) in statistics.enumerated() {
      further += try column("further-\(place)", statistic.width)
    }
    self.further = further
  }

  func withScores<Result>(
    _ body: (borrowing TokenScores) throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    try body(
      TokenScores(
        logProbabilities: logProbabilities.span, entropies: entropies.span, levers: levers.span,
        statistics: statistics, further: further.span))
  }
}
