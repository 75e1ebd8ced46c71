/// One library with the entry functions of several plugins, each wrong in one way.
enum BrokenPlugins {
  static let source = """
    import FulcrumKernel
    import Glibc

    protocol Broken: AdvantageTransform {
      static var name: String { get }
      init()
    }
    extension Broken {
      static var manual: ComponentManual {
        ComponentManual(name: name, summary: "A fixture.", source: "none")
      }
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        self.init()
      }
    }

    struct Trapping: Broken {
      static let name = "trapping"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        // No first token in an empty batch.
        advantages[0] += 0
      }
    }

    struct Looping: Broken {
      static let name = "looping"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        while batch.sequences.groupCount == 0 { usleep(1000) }
      }
    }

    struct Stuck: Broken {
      static let name = "stuck"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        while batch.sequences.groupCount >= 0 { usleep(1000) }
      }
    }

    nonisolated(unsafe) var kept: [[Float]] = []

    struct Leaking: Broken {
      static let name = "leaking"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        kept.append([Float](repeating: 1, count: advantages.count))
      }
    }

    struct Undeclared: Broken {
      static let name = "undeclared"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        let entropies = try batch.column(.entropies)
        for token in 0..<batch.sequences.tokenCount { advantages[token] += entropies[token] }
      }
    }

    struct NotFinite: Broken {
      static let name = "not-finite"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        // Divides by a deviation that may be 0.
        for sequence in 0..<batch.sequences.sequenceCount {
          for token in batch.sequences.tokens(ofSequence: sequence) { advantages[token] = .nan }
        }
      }
    }

    /// Reads a whole number where its manual has a number.
    struct Lying: AdvantageTransform {
      static var manual: ComponentManual {
        ComponentManual(
          name: "lying", summary: "A fixture.", source: "none",
          parameters: [.number("scale", default: 0.5, in: 0...1, help: "the factor")])
      }
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
        _ = try parameters.integer("scale")
      }
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {}
    }

    nonisolated(unsafe) var uses: Float = 0

    struct Sharing: Broken {
      static let name = "sharing"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        uses += 1
        for token in 0..<batch.sequences.tokenCount { advantages[token] += uses }
      }
    }

    struct Leaving: Broken {
      static let name = "leaving"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        if batch.sequences.groupCount == 0 { exit(3) }
      }
    }

    nonisolated(unsafe) var hoard: [UnsafeMutableRawPointer] = []

    /// Needs more memory than a check may take.
    struct Hungry: Broken {
      static let name = "hungry"
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        guard batch.sequences.groupCount == 0 else { return }
        print("a word to standard output")
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 40, alignment: 16)
        memory.storeBytes(of: UInt8(batch.sequences.groupCount), as: UInt8.self)
        hoard.append(memory)
      }
    }

    struct Unmakeable: Broken {
      static let name = "unmakeable"
      init() { fatalError("no instance of this") }
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {}
    }

    @c(fulcrum_plugin_broken)
    public func broken(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "broken", version: "1.0.0") {
        $0.add(advantageTransform: Trapping.self)
        $0.add(advantageTransform: Looping.self)
        $0.add(advantageTransform: Stuck.self)
        $0.add(advantageTransform: Leaking.self)
        $0.add(advantageTransform: Undeclared.self)
        $0.add(advantageTransform: NotFinite.self)
        $0.add(advantageTransform: Lying.self)
        $0.add(advantageTransform: Sharing.self)
        $0.add(advantageTransform: Leaving.self)
        $0.add(advantageTransform: Hungry.self)
        $0.add(advantageTransform: Unmakeable.self)
      }
    }

    @c(fulcrum_plugin_doomed)
    public func doomed(_ host: UnsafeMutableRawPointer) { fatalError("no plugin of this") }

    @c(fulcrum_plugin_slow)
    public func slow(_ host: UnsafeMutableRawPointer) {
      usleep(150_000)
      PluginRegistrar.register(host, name: "slow", version: "1.0.0") {
        $0.add(advantageTransform: Leaking.self)
      }
    }
    """
}
