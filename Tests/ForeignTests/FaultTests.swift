import ForeignPlugins
import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// Tests the faults of a library: each gives one message, and the host lives on.
@Suite struct FaultTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private static let prototype = "void twice(float *advantages, int64_t token_count)"
  private static let check =
    "check the order and types of 'arguments' against the function '\(prototype)'"
  private static let limits = "it may touch only as many values as the counts say; " + check

  /// The body of the function, what is said of it, and the remedy.
  @Test(arguments: [
    (
      "for (int64_t i = 0; i < n; ++i) a[i] *= 3;",
      "expected advantages[0] = 2.0 within 1e-06, got 3.0", check + ", then the example"
    ),
    (
      "for (int64_t i = 0; i < n; ++i) a[i] *= i == 1 ? 0.0f / 0.0f : 2;",
      "expected advantages[1] = 4.0 within 1e-06, got nan", check + ", then the example"
    ),
    (
      "for (int64_t i = 0; i <= n; ++i) a[i] *= 2;",
      "the function touched memory past the end of 'advantages' (SIGSEGV, a memory fault)", limits
    ),
    (
      "for (int64_t i = -1; i < n; ++i) a[i] *= 2;",
      "the function touched memory before the beginning of 'advantages' (SIGSEGV, a memory fault)",
      limits
    ),
    ("*(volatile int *)8 = 1;", "it crashed with SIGSEGV, a memory fault", check),
    ("raise(SIGFPE);", "it crashed with SIGFPE, a division by zero", check),
    (
      "fputs(\"table full\\n\", stderr); abort();",
      "it crashed with SIGABRT, an abort; it wrote: table full", check
    ),
    (
      "exit(3);", "the library ended the process with exit status 3",
      "a function must return, never exit"
    ),
    (
      "exit(0);", "the library ended the process with exit status 0",
      "a function must return, never exit"
    ),
  ])
  func `a wrong function is a message`(body: String, message: String, hint: String) throws {
    try workshop.build("#include <signal.h>\nvoid twice(float *a, int64_t n) { \(body) }")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: example 1 (line 13): \(message)
          hint: \(hint)
        """)
    #expect(workshop.host.loaded.isEmpty)
  }

  @Test func `an answer that does not come is not waited for`() throws {
    let workshop = try Workshop(timeout: .seconds(1))
    try workshop.build("void twice(volatile float *a, int64_t n) { for (;;) a[0] = (float)n; }")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: example 1 (line 13): no answer within 1 seconds
          hint: the examples must be small, and the function must not wait
        """)
  }

  @Test func `a status other than 0 is a message`() throws {
    try workshop.build("int32_t twice(float *a, int64_t n) { return -7; }")
    #expect(
      try workshop.refusal(
        Workshop.manifest.replacing("returns: nothing", with: "returns: status")) == """
          …/x.fulcrum.yaml: refused: example 1 (line 13): expected status 0 of the function twice, \
          got -7
            hint: the library's documentation says what its status means
          """)
  }

  @Test func `what is const must stay as it is`() throws {
    try workshop.build("void twice(float *a, float *r, int64_t n, int64_t s) { r[0] = 1; }")
    let text = try workshop.refusal(
      Workshop.manifest
        .replacing(
          "  - {type: i64",
          with: "  - {type: const f32*, bind: rewards}\n  - {type: i64, bind: sequence-count}\n"
            + "  - {type: i64"
        ).replacing("advantages: [1, 2, 3]}", with: "advantages: [1, 2, 3], rewards: [1]}"))
    #expect(
      text.hasPrefix(
        "…/x.fulcrum.yaml: refused: example 1 (line 15): the function touched memory 'rewards',"
          + " which it may only read (SIGSEGV, a memory fault)"))
  }

  @Test func `arguments in the wrong order are a message`() throws {
    try workshop.build(Workshop.code)
    let swapped = Workshop.manifest
      .replacing("{type: f32*, bind: advantages}", with: "{type: i64, bind: sequence-count}")
      .replacing("{type: i64, bind: token-count}", with: "{type: f32*, bind: advantages}")
      .replacing("examples:", with: "  - {type: i64, bind: token-count}\nexamples:")
    // A count of 1 is taken for an address.
    #expect(
      try workshop.refusal(swapped).hasPrefix(
        "…/x.fulcrum.yaml: refused: example 1 (line 14): it crashed with SIGSEGV, a memory fault"))
  }

  @Test func `a crash while the library is loaded is a message`() throws {
    try workshop.build(
      Workshop.code + "\n__attribute__((constructor)) static void start(void) { abort(); }")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: while the library was loaded: it crashed with SIGABRT, an abort
          hint: \(Self.check)
        """)
  }

  @Test func `a library that needs another symbol is refused`() throws {
    try workshop.build(
      "void elsewhere(void);\nvoid twice(float *a, int64_t n) { elsewhere(); }")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: it needs the symbol 'elsewhere', which neither it nor its \
        libraries define
          hint: link the library that defines it
        """)
  }

  @Test func `a missing library, symbol or file format is a message`() throws {
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: library 'libx.so': there is no such file
          hint: build it, or correct 'library': it is looked for at …/libx.so
        """)
    try workshop.write("libx.so", "#!/bin/sh")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: library 'libx.so': not an ELF file, which a shared library on \
        this system is
          hint: name the shared library that the compiler made (-shared -fPIC)
        """)
    try workshop.build("void twize(float *a, int64_t n) {}")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: library 'libx.so' exports no function 'twice'
          hint: did you mean 'twize'?
        """)
    try workshop.build("int twice = 2;")
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: library 'libx.so': its symbol 'twice' is not a function
          hint: correct 'function'
        """)
    try workshop.build(Workshop.code, plusPlus: true)
    #expect(
      try workshop.refusal() == """
        …/x.fulcrum.yaml: refused: library 'libx.so' exports no function 'twice'
          hint: it exports '_Z5twicePfl', the name as C++ writes it: declare the function extern "C"
        """)
  }

  @Test func `a library for another machine is refused`() throws {
    try workshop.build(Workshop.code)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: workshop.file("libx.so")))
    // e_machine: S/390, which no test runs on.
    bytes[18] = 22
    try bytes.write(to: URL(fileURLWithPath: workshop.file("libx.so")))
    let text = try workshop.refusal()
    #expect(
      text.hasPrefix(
        "…/x.fulcrum.yaml: refused: library 'libx.so': built for S/390, this host runs on "))
    #expect(text.hasSuffix("\n  hint: build it for this machine"))
  }

  /// In a run the pattern around each array tells, so that the run can end with a message.
  @Test(arguments: [("n", "past the end"), ("-1", "before the beginning")])
  func `a write too far that the examples do not show ends the step`(place: String, side: String)
    throws
  {
    try workshop.build(
      """
      void twice(float *a, int64_t n) {
        for (int64_t i = 0; i < n; ++i) a[i] *= 2;
        if (n > 3) a[\(place)] = 1;
      }
      """)
    let transform = try #require(
      try workshop.component(Workshop.manifest) as? any AdvantageTransform)
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[1, 2, 3, 4]]]), rewards: [1])
    var advantages: [Float] = [1, 2, 3, 4]
    let error = #expect(throws: FulcrumError.self) {
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.code == .pluginFault)
    #expect(
      error?.description == """
        the function wrote \(side) of 'advantages', which has 16 bytes
          hint: it may touch only as many values as the counts say; report it to its author
        """)
    #expect(advantages == [1, 2, 3, 4])
  }

  @Test func `a count that does not fit 32 bits is refused`() throws {
    try workshop.build("float score(int32_t tokens) { return (float)tokens; }")
    let reward = try #require(
      try workshop.component(
        """
        fulcrum-foreign: 1
        name: x
        kind: reward
        summary: the length
        source: a test
        library: libx.so
        function: score
        returns: f32
        arguments: [{type: i32, bind: token-count}]
        examples: [{given: {token-count: 3}, expect: 3}]

        """) as? any RewardFn)
    let error = #expect(throws: FulcrumError.self) {
      try reward.score(
        RewardSample(
          prompt: "", completion: "", answer: "", isFinished: true, tokenCount: 1 << 31,
          tokenLimit: nil))
    }
    #expect(
      error?.description == """
        token-count = 2147483648 doesn't fit the argument's 32 bits
          hint: write {type: i64, bind: token-count} and int64_t in the library
        """)
  }

  /// As the start-up code of a library built with -ffast-math changes how floats behave.
  @Test func `a library can't change the rounding of the host`() throws {
    try workshop.build(
      """
      #include <fenv.h>
      __attribute__((constructor)) static void round(void) { fesetround(FE_UPWARD); }
      """ + "\n" + Workshop.code)
    _ = try workshop.component(Workshop.manifest)
    #expect(fegetround() == FE_TONEAREST)
  }
}
