import FulcrumKernel

/// Registers the task `jsonl`.
@c(fulcrum_plugin_jsonl)
public func fulcrumPluginJSONL(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "jsonl", version: "0.1.0") {
    $0.add(task: JSONLTask.self)
  }
}
