import FulcrumKernel
import MethodCurves
import PluginHost
import Testing

/// Components of a test, tried as the command tries a plugin's.
enum Trials {
  /// Tries a component that ships.
  static func method(
    _ kind: HostComponent.Kind, _ type: any Component.Type,
    _ given: [String: ParameterValue] = [:]
  ) -> Method {
    method(kind, manual: type.manual, given) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// Tries a component of the test's own.
  static func method(
    _ kind: HostComponent.Kind, manual: ComponentManual, _ given: [String: ParameterValue] = [:],
    make:
      @escaping @Sendable (Parameters, ComponentContext) throws(FulcrumError) -> any Component
  ) -> Method {
    Method.trying(
      HostComponent(kind: kind, manual: manual, maker: make), plugin: "tests",
      settings: [manual.name: given])
  }
}

/// A component whose work is a closure.
protocol Made: Component {}

extension Made {
  static var manual: ComponentManual {
    ComponentManual(name: "made", summary: "a fixture", source: "none", formula: "w = A")
  }
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw FulcrumError(.unsupported, "a fixture is made by its test")
  }
}

/// A transform that changes each advantage by itself, given π_old.
struct MadeTransform: AdvantageTransform, Made {
  var needs: Set<Column> = [.oldLogProbabilities]
  var change: @Sendable (_ advantage: Float, _ probability: Float) throws(FulcrumError) -> Float

  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logs = try batch.column(.oldLogProbabilities)
    for token in advantages.indices {
      advantages[token] = try change(advantages[token], exp(logs[token]))
    }
  }

  static func method(
    needs: Set<Column> = [.oldLogProbabilities],
    _ change: @escaping @Sendable (Float, Float) throws(FulcrumError) -> Float
  ) -> Method {
    Trials.method(.advantageTransform, manual: manual) { (_, _) throws(FulcrumError) in
      MadeTransform(needs: needs, change: change)
    }
  }
}

extension WeightCurve {
  /// The mean at the place nearest to a value of x.
  func at(_ x: Double) -> Double {
    points.min { abs($0.x - x) < abs($1.x - x) }?.mean ?? .nan
  }
}

/// Whether two numbers are equal but for the rounding of weights in `Float`.
func isNear(_ one: Double, _ other: Double, _ tolerance: Double = 1e-5) -> Bool {
  abs(one - other) <= tolerance * max(1, abs(other))
}
