import FulcrumKernel
import GRPOPlugin

func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> GRPOObjective {
  let parameters = try Parameters(given, for: GRPOObjective.manual.parameters, at: "objective")
  return try GRPOObjective(parameters, context: ComponentContext())
}

/// The words of a configuration for each choice of ratio.
let ratioLevels = ["token", "sequence", "sequence-token"]
