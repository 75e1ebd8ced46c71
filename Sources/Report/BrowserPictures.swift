import Charts
import Files
import Foundation
import FulcrumKernel

/// Lets a browser make pictures of charts: a page draws each on a canvas and writes its PNG, as text,
/// into itself; the browser prints the page.
struct BrowserPictures {
  /// Begins the line of a picture.
  private static let mark = "picture "
  private let charts: [Chart]

  init(_ charts: [Chart]) { self.charts = charts }

  /// - Returns: a PNG for each chart.
  /// - Throws: `.inputOutput` if any is missing.
  func take(by browser: Rasterizer) throws(FulcrumError) -> [Data] {
    let folder =
      FileManager.default.temporaryDirectory.path + "/fulcrum-figures-"
      + UUID().uuidString
    try SafeFiles.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SafeFiles.write(page, to: folder + "/page.html")
    var arguments = [
      "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
      "--disable-component-update", "--no-first-run", "--user-data-dir=" + folder + "/profile",
    ]
    // A browser refuses its sandbox to root. What it draws is this program's own.
    if geteuid() == 0 { arguments.append("--no-sandbox") }
    arguments += ["--dump-dom", "file://" + folder + "/page.html"]
    var found: [String: Data] = [:]
    try browser.run(arguments, for: "the figures") { line in
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix(Self.mark) else { return }
      let words = text.split(separator: " ")
      guard words.count == 3, let data = Data(base64Encoded: String(words[2])) else { return }
      found[String(words[1])] = data
    }
    var pictures: [Data] = []
    for chart in charts {
      guard let data = found[chart.id], Rasterizer.isPNG(data) else {
        throw browser.fault("made no picture of \(chart.id)")
      }
      pictures.append(data)
    }
    return pictures
  }

  /// A page whose images are whole before its `load` event, after which it is printed.
  private var page: String {
    let images = charts.map { chart in
      let text = Data(chart.document.utf8).base64EncodedString()
      return Element(
        "img", ["id": chart.id, "alt": "", "src": "data:image/svg+xml;base64," + text])
    }
    let script = """
      window.addEventListener('load', function () {
        var lines = [''];
        document.querySelectorAll('img').forEach(function (image) {
          var canvas = document.createElement('canvas');
          canvas.width = 2 * image.naturalWidth;
          canvas.height = 2 * image.naturalHeight;
          var context = canvas.getContext('2d');
          context.fillStyle = 'white';
          context.fillRect(0, 0, canvas.width, canvas.height);
          context.drawImage(image, 0, 0, canvas.width, canvas.height);
          var picture = canvas.toDataURL('image/png').split(',')[1];
          lines.push('\(Self.mark)' + image.id + ' ' + picture);
        });
        document.getElementById('pictures').textContent = lines.join('\\n') + '\\n';
      });
      """
    let body =
      images + [Element("pre", ["id": "pictures"])] + [
        Element("script", [:], [OwnCode(script)])
      ]
    return "<!DOCTYPE html>\n"
      + Element(
        "html", [:],
        [
          Element("head", [:], [Element("meta", ["charset": "utf-8"])]),
          Element("body", [:], body),
        ]
      ).text
  }
}
