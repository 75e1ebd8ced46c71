import FulcrumKernel
import Testing

/// A library in C that may be wrong in one way or another: it brings its own stamp.
struct CPlugin {
  var major = KernelInterface.major
  var minor = KernelInterface.minor
  var compiler = KernelInterface.compiler
  var format = 1
  var magic = "FULCRUM"
  var hasStamp = true
  /// The rest of the source: by default the entry function of plugin x, which does nothing.
  var code = "void fulcrum_plugin_x(void *host) { (void)host; }"
  /// The linker's flags.
  var flags: [String] = ["-shared"]

  var source: String {
    let stamp = """
      struct stamp { char magic[8]; uint32_t format, major, minor; char compiler[236]; };
      __attribute__((section("fulcrum"), used)) static const struct stamp stamp = {
        "\(magic)", \(format), \(major), \(minor), "\(compiler)"};
      """
    return "#include <stdint.h>\n#include <stdio.h>\n" + (hasStamp ? stamp : "") + "\n\(code)\n"
  }

  /// Code that leaves a file behind as soon as the library is mapped.
  static func leavingMarker(_ path: String) -> String {
    """
    __attribute__((constructor)) static void mark(void) {
      FILE *marker = fopen("\(path)", "w");
      if (marker) fclose(marker);
    }
    """
  }

  /// Compiles it into a folder under the name of plugin x, and gives the library's path.
  @discardableResult
  func build(in folder: TemporaryFolder, as name: String = "libfulcrum-x.so") throws -> String {
    let source = try folder.write(name + ".c", Array(source.utf8))
    let library = folder.file(name)
    try Toolchain.run(["clang", "-fPIC", "-O1", source, "-o", library] + flags)
    // Whatever the umask: only a test that asks for it has a file that anybody may write to.
    try folder.setPermissions(name, 0o755)
    return library
  }
}
