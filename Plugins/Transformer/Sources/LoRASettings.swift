import FulcrumKernel
import TransformerFormats

/// Holds the parameters of low-rank adapters. Names and meanings are those of the policy torch.
struct LoRASettings {
  /// The word for every projection.
  static let allLinear = "all-linear"

  /// Lists what checkpoints hold.
  enum Saving: String, CaseIterable {
    case adapter, merged
  }

  /// 0: adapters are trained only if the checkpoint is one.
  let rank: Int
  let alpha: Double
  let projections: Set<AdapterProjection>
  let saving: Saving

  /// - Throws: `.parameter` for a target that is no projection.
  init(_ parameters: Parameters) throws(FulcrumError) {
    rank = try parameters.integer("lora-rank")
    alpha = try parameters.number("lora-alpha")
    saving = Saving(rawValue: try parameters.text("lora-save")) ?? .adapter
    let words = try parameters.texts("lora-targets")
    guard words != [Self.allLinear] else {
      projections = Set(AdapterProjection.allCases)
      return
    }
    let names = AdapterProjection.allCases.map(\.rawValue)
    let expected = "expected [\(Self.allLinear)], or some of \(names.joined(separator: ", "))"
    var projections: Set<AdapterProjection> = []
    for word in words {
      guard let projection = AdapterProjection(rawValue: word) else {
        throw parameters.refuse(
          "lora-targets", "\(expected); got '\(word)'",
          hint: NearNames.hint(for: word, among: names))
      }
      projections.insert(projection)
    }
    guard !projections.isEmpty else {
      throw parameters.refuse("lora-targets", "\(expected); got none")
    }
    self.projections = projections
  }
}
