import FulcrumKernel

/// A kind of file that holds a plugin, with how such a file is recognised, inspected and loaded.
///
/// The host gets its formats from whoever makes it and asks them in that order. A format knows one
/// file at a time: search, pins, names that are taken and components that clash are the host's affair.
package protocol LibraryFormat: Sendable {
  associatedtype Inspection: LibraryInspection

  /// The end of this format's file names and of no other's: `.so`.
  ///
  /// A path with it is read as this format, even if the rest of the file's name is no plugin's.
  var suffix: String { get }

  /// The kinds of component that a library of this format can have.
  var kinds: Set<HostComponent.Kind> { get }

  /// Returns the name of the file that holds a plugin: `libfulcrum-my-idea.so`.
  func fileName(of plugin: PluginName) -> String

  /// Returns the plugin that a file of this name holds; `nil`: it holds none.
  func plugin(inFile fileName: String) -> PluginName?

  /// Reads a file and gathers all that keeps it from being loaded, without running any of its code.
  ///
  /// - Throws: `.notFound` or `.inputOutput` if the file can't be read at all.
  func inspect(path: String) throws(FulcrumError) -> Inspection

  /// Loads a library against which neither its inspection nor the host has anything.
  ///
  /// - Parameter path: the file's absolute path, symbolic links resolved.
  /// - Throws: what keeps it from being loaded.
  func load(_ inspection: Inspection, from path: String) throws(PluginFault) -> LoadedLibrary
}

/// Files that are named like their plugins: `my-idea.py`.
extension LibraryFormat {
  package func fileName(of plugin: PluginName) -> String { plugin.text + suffix }

  package func plugin(inFile fileName: String) -> PluginName? {
    guard fileName.hasSuffix(suffix) else { return nil }
    return PluginName(String(fileName.dropLast(suffix.count)))
  }
}

/// The findings on a library's file, of which nothing has run.
package protocol LibraryInspection: Sendable {
  /// The path as it was given.
  var path: String { get }

  /// The plugin's name, from the file's; the whole file name if that is no plugin's.
  var name: String { get }

  /// The SHA-256 of all that makes up the library, 64 lower-case hexadecimal digits; `nil` if a part of
  /// it can't be read, which is a fault.
  var digest: String? { get }

  /// The faults that keep it from being loaded, as far as the file can be understood; empty: it is
  /// sound.
  var faults: [PluginFault] { get }

  /// The components that it is known to have before it is loaded; empty where only loading tells.
  var announced: [(kind: HostComponent.Kind, name: String)] { get }

  /// One line on what a sound file says, for tables: `kernel interface 1.2`; may be empty.
  var summary: String { get }

  /// The milliseconds within which it must load, or every command of the host is slow.
  var loadLimit: Double { get }
}

extension LibraryInspection {
  package var loadLimit: Double { 100 }
}

/// A library that is loaded, with what it offers.
package struct LoadedLibrary: Sendable {
  /// The version that the library tells.
  package let version: String
  /// The components in the library's order.
  package let components: [HostComponent]
  /// The faults that keep it from being used, as far as its format can tell.
  package let faults: [PluginFault]
  /// The files that the library was read from, for manuals.
  package let files: [File]
  /// Further lines of a manual.
  package let notes: [Note]

  /// A file that a plugin was read from.
  package struct File: Sendable {
    /// The file's part in the plugin: `library`, `manifest`.
    package let role: String
    /// The absolute path, symbolic links resolved.
    package let path: String
    /// The SHA-256 of this file alone; `nil`: it is the plugin's only one.
    package let digest: String?

    package init(_ role: String, path: String, digest: String? = nil) {
      self.role = role
      self.path = path
      self.digest = digest
    }
  }

  /// A line of a manual: `built for` and the interface, `calls` and a prototype.
  package struct Note: Sendable, Equatable {
    package let subject: String
    package let text: String

    package init(_ subject: String, _ text: String) {
      self.subject = subject
      self.text = text
    }
  }

  package init(
    version: String, components: [HostComponent], faults: [PluginFault] = [], files: [File],
    notes: [Note]
  ) {
    self.version = version
    self.components = components
    self.faults = faults
    self.files = files
    self.notes = notes
  }
}
