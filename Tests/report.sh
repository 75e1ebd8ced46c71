#!/bin/sh
# Looks at reports in a real browser. Usage: report.sh [RUN]; without a run a small one is trained and
# put under the microscope.
set -eu
cd "$(dirname "$0")/.."

# What a machine lacks: its lists may be old, and a mirror may be down for a moment.
install() {
  SUDO=$([ "$(id -u)" = 0 ] || command -v sudo || true)
  for try in 1 2; do
    $SUDO apt-get update -qq && $SUDO env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq "$@" && return
    echo "report.sh: could not install $*, try $try of 2" >&2
    sleep 5
  done
  return 1
}
command -v chromium >/dev/null || install chromium
command -v python3 >/dev/null || install python3

fulcrum=.build/release/fulcrum
out=.build/report-check
rm -rf "$out"
mkdir -p "$out"
run=${1:-$out/run}
if [ $# = 0 ]; then
  "$fulcrum" train Documentation/Recipes/knights-and-knaves.yaml --set output="$run" \
    --set steps=3 --set evaluation.items=20 --set rollout.prompts=8 >"$out/train.log"
  "$fulcrum" microscope "$run" --fresh --batches 1 >"$out/microscope.log" 2>&1 || {
    cat "$out/microscope.log" && exit 1
  }
  test "$(wc -l <"$run/metrics.jsonl")" = 3
fi
"$fulcrum" report "$run" --output "$out/report.html" --figures "$out/figures"
charts=$(grep -o '<svg ' "$out/report.html" | wc -l)
test "$charts" = "$(ls "$out/figures" | grep -c '\.svg$')"
python3 -B Tests/check-report.py pictures "$out/figures"
# The same run with a made-up record: more layers than there are places for names.
cp -r "$run" "$out/wide-run"
python3 -B Tests/check-report.py widen Tests/Fixtures/microscope.json \
  "$out/wide-run/microscope.json"
"$fulcrum" report "$out/wide-run" --output "$out/wide.html"
# An arm with two curves, and one that differs in a setting.
cp -r "$out/wide-run" "$out/other"
sed -i 's/learning-rate: .*/learning-rate: 0.5/' "$out/other/run.yaml"
"$fulcrum" compare "$run" "$out/wide-run" "$out/other" --output "$out/compare.html"

browser() {
  timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --hide-scrollbars --user-data-dir="$out/profile" "$@" 2>>"$out/browser.log"
}
dark=--blink-settings=preferredColorScheme=0
page() { echo "file://$PWD/$out/$1.html"; }

phone() {
  cat <<HTML
<!DOCTYPE html><html><head><title>phone</title></head><body style="margin:0">
<iframe src="$1.html" style="width:360px;height:13990px;border:0"></iframe>
<script>onmessage=function(event){document.title=event.data}</script></body></html>
HTML
}

# Opens a page that examines itself; the rest are options of the browser.
look() {
  copy=$1
  shift
  found=$(browser --window-size=1200,900 --virtual-time-budget=5000 "$@" --dump-dom \
    "$(page "$copy")" | grep -o '<title>CHECKED[^<]*' | sed 's/<title>//') || true
  echo "$copy $*: ${found:-the browser said nothing}"
  case $found in *", 0 faults:"*) ;; *) tail -5 "$out/browser.log" && exit 1 ;; esac
}
for name in report wide compare; do
  python3 -B Tests/check-report.py examine "$out/$name.html" "$out/$name-checked.html"
  # A window of the browser is never as narrow as a phone; a frame is.
  phone "$name-checked" >"$out/$name-checked-phone.html"
  phone "$name" >"$out/$name-phone.html"
  look "$name-checked"
  look "$name-checked" "$dark"
  case $found in *"paper rgb(21, 24, 28)"*) ;; *) echo "the browser showed no dark page" && exit 1 ;; esac
  look "$name-checked-phone"
  browser --window-size=1200,5200 --screenshot="$out/$name-light.png" "$(page "$name")"
  browser --window-size=500,14000 --screenshot="$out/$name-phone.png" "$(page "$name-phone")"
  browser --window-size=1200,5200 "$dark" --screenshot="$out/$name-dark.png" "$(page "$name")"
done
browser --no-pdf-header-footer --print-to-pdf="$out/report.pdf" "$(page report)"
ls "$out"/*.png "$out"/report.pdf
