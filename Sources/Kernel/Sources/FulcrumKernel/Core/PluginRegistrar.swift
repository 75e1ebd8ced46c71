/// A component as a plugin registered it.
public struct RegisteredComponent: Sendable {
  /// Which protocol the component serves.
  public enum Kind: String, Sendable, CaseIterable {
    case policy
    case task
    case reward
    case advantageTransform = "advantage-transform"
    case updateScheduler = "update-scheduler"
    case policyObjective = "policy-objective"
  }

  public let kind: Kind
  public let type: any Component.Type

  public var manual: ComponentManual { type.manual }
}

/// Collects what a plugin's entry function registers.
///
/// An entry function is exported under `fulcrum_plugin_<name>`, hyphens as underscores:
///
/// ```swift
/// @c(fulcrum_plugin_my_idea)
/// public func fulcrumPluginMyIdea(_ host: UnsafeMutableRawPointer) {
///   PluginRegistrar.register(host, name: "my-idea", version: "1.0.0") {
///     $0.add(advantageTransform: MyIdea.self)
///   }
/// }
/// ```
public final class PluginRegistrar {
  public private(set) var pluginName: String?
  public private(set) var pluginVersion: String?
  public private(set) var components: [RegisteredComponent] = []
  /// The error that the entry function threw, if it did.
  public private(set) var failure: FulcrumError?

  public init() {}

  /// Called by an entry function, once, with the pointer that the host gave it.
  public static func register(
    _ host: UnsafeMutableRawPointer, name: String, version: String,
    _ body: (PluginRegistrar) throws -> Void
  ) {
    let registrar = Unmanaged<PluginRegistrar>.fromOpaque(host).takeUnretainedValue()
    registrar.pluginName = name
    registrar.pluginVersion = version
    do {
      try body(registrar)
    } catch let error as FulcrumError {
      registrar.failure = error
    } catch {
      registrar.failure = FulcrumError(.pluginRefused, "\(error)")
    }
  }

  public func add(policy type: any PolicyModel.Type) { add(.policy, type) }
  public func add(task type: any TaskSource.Type) { add(.task, type) }
  public func add(reward type: any RewardFn.Type) { add(.reward, type) }
  public func add(advantageTransform type: any AdvantageTransform.Type) {
    add(.advantageTransform, type)
  }
  public func add(updateScheduler type: any UpdateScheduler.Type) { add(.updateScheduler, type) }
  public func add(policyObjective type: any PolicyObjective.Type) { add(.policyObjective, type) }

  private func add(_ kind: RegisteredComponent.Kind, _ type: any Component.Type) {
    components.append(RegisteredComponent(kind: kind, type: type))
  }
}
