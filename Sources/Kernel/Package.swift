// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the host and every plugin share ONE kernel:
// two products of one package would each carry a static copy of it
// (Documentation/Decisions/0001-kernel-package.md).
let package = Package(
  name: "Kernel",
  products: [
    .library(name: "FulcrumKernel", type: .dynamic, targets: ["FulcrumKernel"]),
    .library(name: "FulcrumStamp", targets: ["FulcrumStamp"]),
  ],
  targets: [
    .target(
      name: "FulcrumKernel",
      dependencies: ["FulcrumStamp"],
      swiftSettings: [
        .enableExperimentalFeature("Lifetimes"),
        .enableUpcomingFeature("ExistentialAny"),
        // Keeps plugins working, unrebuilt, when the kernel gains members.
        .unsafeFlags(["-enable-library-evolution"]),
      ]),
    .target(name: "FulcrumStamp"),
  ],
  swiftLanguageModes: [.v6]
)
