internal import FulcrumStamp

/// The kernel's own numbers, against which the host checks a plugin's stamp.
public enum KernelInterface {
  /// Changes when built plugins stop working. A plugin's must be equal.
  public static var major: Int { Int(FULCRUM_INTERFACE_MAJOR) }

  /// Grows with every addition. A plugin's must not be greater.
  public static var minor: Int { Int(FULCRUM_INTERFACE_MINOR) }

  /// The exact revision of the toolchain that built this kernel.
  ///
  /// Swift has no stable ABI on Linux, so a plugin's must be equal.
  public static var compiler: String { String(cString: fulcrum_compiler()) }
}
