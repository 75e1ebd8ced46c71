import ProcessSpawn

/// Tells where code that runs came from.
package enum LoadedFile {
  /// The path of the program or library that an address lies in: `#dsohandle` is the caller's.
  package static func path(at address: UnsafeRawPointer) -> String? {
    process_library_path(address).map { String(cString: $0) }
  }
}
