import FulcrumKernel
import PluginHost
import Settings
import YAML

/// Checks arms, each as a configuration of its own.
extension ComponentFactory {
  /// Gathers the faults that arms bring into a configuration, and those of arms that train as it does, or
  /// as another one.
  func gatherFaults(
    of arms: [ArmChoice], in tree: ConfigurationTree, _ faults: inout ConfigurationFaults
  ) {
    guard !arms.isEmpty else { return }
    let own = (try? RunConfiguration(tree: tree))?.armName ?? ArmChoice.configured
    var ways = [(name: own, method: method(of: tree))]
    for arm in arms {
      let path = arm.path(in: tree)
      do throws(FulcrumError) {
        let variant = try arm.applied(to: tree)
        var found = RunConfiguration.faults(of: variant)
        gatherFaults(of: ComponentKey.trained, in: variant, &found)
        if found.isEmpty {
          let configuration = try RunConfiguration(tree: variant)
          _ = found.gather { () throws(FulcrumError) in
            try configuration.update.options(
              rollout: configuration.rollout, logging: configuration.logging)
          }
        }
        faults.add(found, at: path)
        guard found.isEmpty else { continue }
        let method = method(of: variant)
        if let same = ways.first(where: { $0.method != nil && $0.method == method }) {
          throw arm.same(as: same.name)
        }
        ways.append((arm.name, method))
      } catch {
        faults.add(placed: error, at: path)
      }
    }
  }

  /// Returns all that an arm can change, with every default; `nil` for a configuration with faults.
  private func method(of tree: ConfigurationTree) -> String? {
    guard let configuration = try? RunConfiguration(tree: tree) else { return nil }
    let update = configuration.resolved.first { $0.section == UpdateSettings.key }
    var parts = ["\(update?.values.resolved ?? [])"]
    for key in ComponentKey.trained {
      guard let choices = try? configuration.choices(key) else { return nil }
      for choice in choices {
        guard let parameters = try? resolve(key.kind, choice).parameters else { return nil }
        parts.append("\(key.rawValue) \(choice.use) \(parameters.resolved)")
      }
    }
    return parts.joined(separator: "\n")
  }
}

extension ComponentKey {
  /// The keys of the components that say how a policy is trained, which arms may change.
  static let trained: [ComponentKey] = [.advantage, .objective, .schedule]
}
