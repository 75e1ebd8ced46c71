/// The processors that an ELF header can name.
///
/// - Source: the registry of `e_machine` values in the System V ABI.
enum Machine {
  /// The number of the processor that this process runs on.
  static var current: UInt16 {
    #if arch(x86_64)
      62
    #elseif arch(arm64)
      183
    #elseif arch(riscv64)
      243
    #else
      #error("add this processor's e_machine value")
    #endif
  }

  /// Returns a processor's name for messages: `x86-64`, or `machine 250` for one that is not listed.
  static func name(_ number: UInt16) -> String {
    switch number {
    case 3: "32-bit x86"
    case 21: "64-bit PowerPC"
    case 22: "S/390"
    case 40: "32-bit ARM"
    case 62: "x86-64"
    case 183: "AArch64"
    case 243: "RISC-V"
    case 258: "LoongArch"
    default: "machine \(number)"
    }
  }
}
