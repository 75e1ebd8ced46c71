// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let kernel: Target.Dependency = .product(name: "FulcrumKernel", package: "Kernel")
let pluginTesting: Target.Dependency = .product(name: "PluginTesting", package: "PluginTesting")
let stamp: Target.Dependency = .product(name: "FulcrumStamp", package: "Kernel")

/// A plugin: the folder Plugins/<folder>, the module <folder>Plugin, the library libfulcrum-<name>.
struct Plugin {
  let name: String
  let folder: String
  var sources: String?
  var dependencies: [Target.Dependency] = []
  var testDependencies: [Target.Dependency] = []

  var module: String { folder + "Plugin" }
  var product: Product { .library(name: "fulcrum-" + name, type: .dynamic, targets: [module]) }
  var targets: [Target] {
    [
      .target(
        name: module, dependencies: [kernel, stamp] + dependencies,
        path: "Plugins/" + folder + (sources.map { "/" + $0 } ?? ""),
        exclude: sources == nil ? ["README.md"] : [], swiftSettings: settings),
      .testTarget(
        name: folder + "Tests",
        dependencies: [.target(name: module), kernel, pluginTesting] + testDependencies,
        swiftSettings: settings),
    ]
  }
}

/// A plugin with an objective: these share parts, and their tests share batches and oracles.
func objective(name: String, folder: String) -> Plugin {
  Plugin(
    name: name, folder: folder, dependencies: ["ObjectiveParts"],
    testDependencies: ["ObjectiveTestSupport"])
}

let plugins = [
  objective(name: "grpo", folder: "GRPO"),
  objective(name: "cispo", folder: "CISPO"),
  objective(name: "clip-cov", folder: "ClipCov"),
  objective(name: "kl-cov", folder: "KLCov"),
  objective(name: "kl-penalty", folder: "KLPenalty"),
  objective(name: "entropy-bonus", folder: "EntropyBonus"),
  Plugin(
    name: "adaptive-entropy", folder: "AdaptiveEntropy", dependencies: ["ObjectiveParts"],
    testDependencies: ["TestSupport"]),
  Plugin(
    name: "simko", folder: "SimKO", dependencies: ["ObjectiveParts"],
    testDependencies: ["ObjectiveTestSupport", "TestSupport"]),
  objective(name: "gmpo", folder: "GMPO"),
  objective(name: "fipo", folder: "FIPO"),
  objective(name: "real", folder: "REAL"),
  objective(name: "lp-reg", folder: "LpReg"),
  objective(name: "sapo", folder: "SAPO"),
  objective(name: "dppo", folder: "DPPO"),
  objective(name: "ce-gppo", folder: "CEGPPO"),
  objective(name: "aspo", folder: "ASPO"),
  objective(name: "archer", folder: "Archer"),
  objective(name: "steer", folder: "STEER"),
  Plugin(name: "dr-grpo", folder: "DrGRPO"),
  Plugin(name: "rloo", folder: "RLOO"),
  Plugin(name: "reinforce-plus-plus", folder: "ReinforcePlusPlus"),
  Plugin(name: "advantage-reweighting", folder: "AdvantageReweighting"),
  Plugin(name: "entropy-top", folder: "EntropyTop"),
  Plugin(name: "token-filter", folder: "TokenFilter"),
  Plugin(name: "tr-grpo", folder: "TRGRPO"),
  Plugin(name: "a3po", folder: "A3PO"),
  Plugin(name: "positive-weight", folder: "PositiveWeight"),
  Plugin(name: "quantile-baseline", folder: "QuantileBaseline"),
  Plugin(name: "stapo", folder: "STAPO"),
  Plugin(name: "random-weights", folder: "RandomWeights"),
  Plugin(
    name: "rollout-correction", folder: "RolloutCorrection",
    testDependencies: ["GRPOPlugin", "PolicyTestSupport", "TestSupport", "Training"]),
  Plugin(name: "single", folder: "Single"),
  Plugin(name: "lopti", folder: "Lopti", dependencies: ["ScheduleParts"]),
  Plugin(name: "random-split", folder: "RandomSplit", dependencies: ["ScheduleParts"]),
  Plugin(
    name: "knights-and-knaves", folder: "KnightsAndKnaves", dependencies: ["JSON", "RowParts"]),
  Plugin(
    name: "countdown", folder: "Countdown", dependencies: ["JSON", "RowParts"],
    testDependencies: ["TestSupport"]),
  Plugin(name: "math", folder: "MathReward"),
  Plugin(name: "overlong", folder: "Overlong"),
  Plugin(
    name: "process", folder: "ProcessReward", sources: "Sources",
    dependencies: ["Files", "JSON"], testDependencies: ["TestSupport"]),
  Plugin(
    name: "torch", folder: "Torch", sources: "Sources",
    dependencies: ["Files", "JSON", "Wire"], testDependencies: ["Wire"]),
  Plugin(name: "jsonl", folder: "JSONLTask", dependencies: ["JSON"]),
  Plugin(
    name: "transformer", folder: "Transformer", sources: "Sources",
    dependencies: ["COpenBLAS", "TransformerFormats", "TransformerKernels"]),
]

let package = Package(
  name: "fulcrum",
  products: [.executable(name: "fulcrum", targets: ["fulcrum"])] + plugins.map(\.product),
  dependencies: [
    .package(path: "Sources/Kernel"),
    .package(path: "Sources/PluginTesting"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(
      name: "TransformerFormats", dependencies: [kernel, "Files", "JSON"],
      path: "Plugins/Transformer/Formats", swiftSettings: settings),
    .testTarget(
      name: "TransformerFormatsTests", dependencies: ["JSON", "TransformerFormats", kernel],
      swiftSettings: settings),
    .target(
      name: "TransformerKernels", path: "Plugins/Transformer/Kernels",
      cSettings: [.unsafeFlags(["-O3"])]),
    // Parts that several objectives, two schedules and two tasks share; each plugin has its own copy
    // (Documentation/Decisions/0008-objective-parts.md).
    .target(
      name: "ObjectiveParts", dependencies: [kernel], path: "Plugins/Parts/Objective",
      swiftSettings: settings),
    .target(
      name: "ScheduleParts", dependencies: [kernel], path: "Plugins/Parts/Schedule",
      swiftSettings: settings),
    .target(
      name: "RowParts", dependencies: [kernel, "JSON"], path: "Plugins/Parts/Rows",
      swiftSettings: settings),
    .testTarget(
      name: "ObjectivePartsTests",
      dependencies: ["ObjectiveParts", "ObjectiveTestSupport", kernel],
      swiftSettings: settings),
    .testTarget(
      name: "ObjectiveGoldenTests",
      dependencies: [
        "GRPOPlugin", "CISPOPlugin", "ClipCovPlugin", "KLCovPlugin", "KLPenaltyPlugin",
        "EntropyBonusPlugin", "AdvantageReweightingPlugin", "GMPOPlugin", "FIPOPlugin",
        "REALPlugin", "LpRegPlugin", "SAPOPlugin", "DPPOPlugin", "CEGPPOPlugin", "ASPOPlugin",
        "ArcherPlugin", "STEERPlugin", "ObjectiveTestSupport", "TestSupport", kernel,
      ],
      swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: [kernel, "JSON"], path: "Tests/Support",
      swiftSettings: settings),
    .target(
      name: "ObjectiveTestSupport", dependencies: [kernel], path: "Tests/ObjectiveTestSupport",
      swiftSettings: settings),
    .systemLibrary(name: "CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
    // Tools that the layers above read and write with; they know nothing of runs and plugins.
    .target(name: "JSON", dependencies: [kernel], swiftSettings: settings),
    // Frames between Fulcrum and a program, and the program at the other end.
    .target(name: "Wire", dependencies: [kernel, "Files", "JSON"], swiftSettings: settings),
    .testTarget(
      name: "WireTests", dependencies: ["Wire", "JSON", "TestSupport", kernel],
      swiftSettings: settings),
    .target(name: "ProcessSpawn"),
    .target(name: "ProcessCalls"),
    // Marks whose code runs, and sees how it leaves the process.
    .target(name: "Stages", dependencies: [kernel, "ProcessCalls"], swiftSettings: settings),
    .target(
      name: "Files", dependencies: [kernel, "ProcessCalls", "ProcessSpawn"],
      swiftSettings: settings),
    // Apart from Files, so that a plugin with files has no cryptography in it.
    .target(
      name: "Digests",
      dependencies: [kernel, "Files", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: settings),
    .target(
      name: "YAML", dependencies: [kernel, .product(name: "Yams", package: "Yams")],
      swiftSettings: settings),
    .testTarget(name: "JSONTests", dependencies: ["JSON", kernel], swiftSettings: settings),
    .testTarget(name: "FilesTests", dependencies: ["Files", kernel], swiftSettings: settings),
    .testTarget(
      name: "DigestsTests", dependencies: ["Digests", "Files", kernel], swiftSettings: settings),
    .testTarget(name: "YAMLTests", dependencies: ["YAML", kernel], swiftSettings: settings),
    .target(
      name: "PluginHost", dependencies: [kernel, "Digests", "Files", "Stages"],
      swiftSettings: settings),
    .target(
      name: "ForeignPlugins",
      dependencies: [
        kernel, "CFFI", "Digests", "Files", "PluginHost", "YAML",
      ], swiftSettings: settings),
    .target(
      name: "PythonPlugins",
      dependencies: [kernel, "Digests", "Files", "JSON", "PluginHost", "Wire"],
      swiftSettings: settings),
    .target(
      name: "PluginChecks", dependencies: [kernel, "Files", "JSON", "PluginHost", "Stages"],
      swiftSettings: settings),
    .target(
      name: "TensorBoardEvents",
      dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protos", "generate.sh"], swiftSettings: settings),
    .testTarget(
      name: "TensorBoardEventsTests",
      dependencies: [
        "TensorBoardEvents", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], swiftSettings: settings),
    // The training step: knows protocols, never a concrete algorithm, and no file.
    .target(
      name: "Training", dependencies: [kernel, "Stages"],
      swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),
    .target(
      name: "Settings",
      dependencies: [kernel, "Training", "YAML", .product(name: "Yams", package: "Yams")],
      swiftSettings: settings),
    // Computes what a step takes on a machine, from numbers alone: it knows nothing of runs and plugins.
    .target(name: "Planning", dependencies: [kernel, "JSON", "YAML"], swiftSettings: settings),
    .testTarget(
      name: "PlanningTests", dependencies: ["JSON", "Planning", kernel], swiftSettings: settings),
    .target(
      name: "Runs",
      dependencies: [
        kernel, "Digests", "Files", "JSON", "Planning", "PluginHost", "Settings", "Stages",
        "TensorBoardEvents", "Training", "Wire", "YAML", .product(name: "Yams", package: "Yams"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: settings),
    .target(
      name: "Microscope",
      dependencies: [
        kernel, "JSON", "PluginHost", "Runs", "Settings", "Training", "YAML",
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: settings),
    .target(name: "Charts", swiftSettings: settings),
    .testTarget(name: "ChartsTests", dependencies: ["Charts"], swiftSettings: settings),
    // Shows what methods do to tokens' weights, side by side.
    .target(
      name: "MethodCurves",
      dependencies: [
        kernel, "Charts", "Files", "JSON", "PluginChecks", "PluginHost", "Training",
      ], swiftSettings: settings),
    .testTarget(
      name: "MethodCurvesTests",
      dependencies: [
        "Charts", "MethodCurves", "PluginHost", "AdvantageReweightingPlugin",
        "EntropyBonusPlugin", "GRPOPlugin", "KLPenaltyPlugin", "LoptiPlugin", "TokenFilterPlugin",
        kernel,
      ], swiftSettings: settings),
    .target(
      name: "Report",
      dependencies: [
        kernel, "Charts", "Files", "JSON", "Microscope", "Runs", "Settings", "Training", "YAML",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ReportTests",
      dependencies: ["Charts", "JSON", "Microscope", "Report", "Runs", "YAML", kernel],
      swiftSettings: settings),
    .executableTarget(
      name: "fulcrum",
      dependencies: [
        kernel, pluginTesting, "Files", "ForeignPlugins", "JSON", "MethodCurves", "Microscope",
        "Planning",
        "PluginChecks", "PluginHost", "PythonPlugins", "Report", "Runs", "Settings", "Stages",
        "Training", "YAML",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .testTarget(name: "KernelTests", dependencies: [kernel], swiftSettings: settings),
    .testTarget(
      name: "PluginTestingTests", dependencies: [pluginTesting, kernel], swiftSettings: settings),
    .testTarget(
      name: "PluginHostTests", dependencies: ["PluginHost", kernel], swiftSettings: settings),
    .testTarget(
      name: "PluginChecksTests", dependencies: ["PluginChecks", "PluginHost", kernel],
      swiftSettings: settings),
    // Builds libraries in C; the built program runs their examples.
    .testTarget(
      name: "ForeignTests",
      dependencies: ["fulcrum", "Digests", "Files", "ForeignPlugins", "PluginHost", kernel],
      swiftSettings: settings),
    .target(
      name: "PolicyTestSupport", dependencies: [kernel], path: "Tests/PolicyTestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["PolicyTestSupport", "TestSupport", "Training", kernel],
      swiftSettings: settings),
    .testTarget(
      name: "SettingsTests",
      dependencies: ["PluginHost", "Runs", "Settings", "Training", "YAML", kernel],
      swiftSettings: settings),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "Digests", "Files", "JSON", "PluginHost", "PolicyTestSupport", "Runs", "Settings",
        "TensorBoardEvents", "Training", "YAML", kernel,
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "MicroscopeTests",
      dependencies: [
        "JSON", "Microscope", "PluginHost", "Runs", "Settings", "Training", "TransformerPlugin",
        "YAML", kernel,
      ],
      swiftSettings: settings),
    // What holds for every advantage transform, and golden values of chains of them.
    .testTarget(
      name: "AdvantageTests",
      dependencies: [
        kernel, "A3POPlugin", "AdvantageReweightingPlugin", "DrGRPOPlugin", "EntropyTopPlugin",
        "GRPOPlugin", "KLPenaltyPlugin", "PositiveWeightPlugin", "QuantileBaselinePlugin",
        "RLOOPlugin", "RandomWeightsPlugin", "ReinforcePlusPlusPlugin", "RolloutCorrectionPlugin",
        "STAPOPlugin", "TRGRPOPlugin", "TestSupport", "TokenFilterPlugin",
      ], swiftSettings: settings),
    // Runs the built program; the plugins are beside it because they are products.
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["fulcrum", "TensorBoardEvents", "TransformerFormats"]
        + plugins.map { .target(name: $0.module) },
      swiftSettings: settings),
  ] + plugins.flatMap(\.targets),
  swiftLanguageModes: [.v6]
)
