/// A library with plugins that end the process, or change what it shares with all components.
enum MeddlingPlugins {
  static let source = #"""
    import FulcrumKernel
    import Glibc

    let deed = Parameter.text("deed", default: "", help: "init or call, a dash, what to do")

    func meddle(_ place: String, _ parameters: Parameters) throws(FulcrumError) {
      let words = try parameters.text("deed").split(separator: "-", maxSplits: 1)
      guard words.count == 2, words[0] == place else { return }
      switch words[1] {
      case "exit": exit(0)
      case "end": _exit(0)
      case "folder": chdir("/")
      case "umask": umask(0o777)
      case "signal": signal(SIGTERM, SIG_IGN)
      case "locale": setlocale(LC_ALL, setlocale(LC_ALL, nil).pointee == 67 ? "POSIX.UTF-8" : "C")
      case "rounding": fesetround(0x800)
      case "streams":
        close(1)
        close(2)
      case "fork":
        if fork() == 0 { return }
      case "all":
        for descriptor in 3..<64 { close(Int32(descriptor)) }
      case "stray":
        var zero: UInt8 = 0
        for descriptor in 3..<64 { write(Int32(descriptor), &zero, 1) }
        _exit(0)
      case "last":
        atexit { while true { sleep(1) } }
      case "words":
        print("{\"reward\": 1000}")
        fflush(nil)
      default: throw FulcrumError(.parameter, "no such deed")
      }
    }

    struct MeddlingAdvantage: AdvantageTransform {
      static let manual = ComponentManual(
        name: "meddling", summary: "A fixture.", source: "none", parameters: [deed])
      let parameters: Parameters
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        self.parameters = parameters
        try meddle("init", parameters)
      }
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) { try meddle("call", parameters) }
    }

    struct MeddlingReward: RewardFn {
      static let manual = ComponentManual(
        name: "meddling", summary: "A fixture.", source: "none", parameters: [deed])
      let parameters: Parameters
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        self.parameters = parameters
        try meddle("init", parameters)
      }
      func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
        try meddle("call", parameters)
        return .scored(0, .wrong)
      }
    }

    @c(fulcrum_plugin_meddling)
    public func meddling(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "meddling", version: "1.0.0") {
        $0.add(advantageTransform: MeddlingAdvantage.self)
        $0.add(reward: MeddlingReward.self)
      }
    }

    @c(fulcrum_plugin_leaving)
    public func leaving(_ host: UnsafeMutableRawPointer) { _exit(0) }
    """#
}
