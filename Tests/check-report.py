"""What report.sh needs beside the browser.

check-report.py examine PAGE OUTPUT     a copy of a page that examines itself
check-report.py widen RECORD OUTPUT     a microscope.json with 32 layers, one of them far from constant
check-report.py pictures FOLDER         PNGs beside SVGs: whole, twice as large, on white
"""

import json
import pathlib
import re
import struct
import sys
import zlib

EARLY = """<script>var faults = [];
var kept = console.error;
console.error = function () {
  faults.push('console: ' + [].join.call(arguments, ' '));
  kept.apply(console, arguments);
};
window.addEventListener('error', function (e) { faults.push('error: ' + e.message); });
document.addEventListener('securitypolicyviolation', function (e) {
  faults.push('fetched: ' + e.blockedURI);
});
</script>"""


def examine(page, output):
    text = pathlib.Path(page).read_text(encoding="utf-8")
    assert text.count("<head>") == 1 and text.count("</body>") == 1
    script = pathlib.Path(__file__).with_name("check-report.js").read_text(encoding="utf-8")
    late = "<script>" + script + "</script>"
    text = text.replace("<head>", "<head>" + EARLY).replace("</body>", late + "</body>")
    pathlib.Path(output).write_text(text, encoding="utf-8")


def widen(record, output):
    data = json.loads(pathlib.Path(record).read_text())
    layers = data["layers"]
    last = len(layers["names"]) - 1
    places = [0] + [1 + index * (last - 1) // 32 for index in range(32)] + [last]
    for key in ("quantiles", "by_interval", "variation", "explained", "own"):
        layers[key] = [layers[key][place] for place in places]
    layers["names"] = ["embedding"] + [f"layer {index + 1}" for index in range(32)] + ["logits"]
    factors = (0.02, 0.5, 1, 2, 20)
    layers["quantiles"][5] = [x * y for x, y in zip(layers["quantiles"][5], factors)]
    layers["quantiles"][9] = [None] * 5
    pathlib.Path(output).write_text(json.dumps(data))


def pictures(folder):
    drawings = sorted(pathlib.Path(folder).glob("*.svg"))
    assert drawings, "no figures"
    for drawing in drawings:
        data = drawing.with_suffix(".png").read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n") and data[-8:-4] == b"IEND", drawing
        width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing.read_text(encoding="utf-8"))
        expected = [2 * float(side) for side in box.groups()]
        assert abs(width - expected[0]) <= 2 and abs(height - expected[1]) <= 2, drawing
        # The first pixel has no neighbours: whatever the filter, it is written as it is.
        place, body = 8, b""
        while place < len(data):
            length, name = struct.unpack(">I4s", data[place : place + 8])
            if name == b"IDAT":
                body += data[place + 8 : place + 8 + length]
            place += length + 12
        assert depth == 8 and kind in (2, 6), drawing
        assert zlib.decompress(body)[1:4] == b"\xff\xff\xff", f"{drawing}: not on white"
    print(f"{len(drawings)} pictures, twice as large, on white")


if __name__ == "__main__":
    {"examine": examine, "widen": widen, "pictures": pictures}[sys.argv[1]](*sys.argv[2:])
