// swift-tools-version: 6.2
import PackageDescription

// A package of its own, as the kernel is: a product that shared the kernel's package would carry a
// second copy of it (Documentation/Decisions/0001-kernel-package.md).
let package = Package(
  name: "PluginTesting",
  products: [.library(name: "PluginTesting", targets: ["PluginTesting"])],
  dependencies: [.package(path: "../Kernel")],
  targets: [
    .target(
      name: "PluginTesting",
      dependencies: [.product(name: "FulcrumKernel", package: "Kernel")],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
