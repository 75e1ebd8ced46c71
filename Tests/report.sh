#!/bin/sh
# Looks at a report in a real browser. Usage: report.sh [RUN]; without a run a small one is trained.
set -eu
cd "$(dirname "$0")/.."
command -v chromium >/dev/null || {
  SUDO=$([ "$(id -u)" = 0 ] || command -v sudo || true)
  $SUDO apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $SUDO apt-get install -y -qq chromium
}
fulcrum=.build/release/fulcrum
out=.build/report-check
rm -rf "$out"
mkdir -p "$out"
run=${1:-$out/run}
if [ $# = 0 ]; then
  "$fulcrum" train Documentation/Recipes/knights-and-knaves.yaml --set output="$run" \
    --set steps=3 --set evaluation.items=20 --set rollout.prompts=8 >"$out/train.log"
fi
"$fulcrum" report "$run" --output "$out/report.html" --figures "$out/figures"
# Two of one run under two names: an arm with two curves.
cp -r "$run" "$out/again"
"$fulcrum" compare "$run" "$out/again" --output "$out/compare.html"

browser() {
  timeout 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$out/profile" "$@" 2>>"$out/browser.log"
}
page() { echo "file://$PWD/$out/$1.html"; }

phone() {
  cat <<HTML
<!DOCTYPE html><html><head><title>phone</title></head><body style="margin:0">
<iframe src="$1.html" style="width:360px;height:5990px;border:0"></iframe>
<script>onmessage=function(event){document.title=event.data}</script></body></html>
HTML
}

# A copy of a page that examines itself and writes what it found into its title.
examine() {
  python3 - "$out/$1.html" "$out/$1-checked.html" <<'PYTHON'
import sys
page = open(sys.argv[1], encoding="utf-8").read()
early = """<script>var faults=[];var kept=console.error;
console.error=function(){faults.push('console: '+[].join.call(arguments,' '));kept.apply(console,arguments)};
window.addEventListener('error',function(e){faults.push('error: '+e.message)});
document.addEventListener('securitypolicyviolation',function(e){faults.push('fetched: '+e.blockedURI)});
</script>"""
late = """<script>window.addEventListener('load',function(){
function check(holds,what){if(!holds)faults.push(what)}
var charts=document.querySelectorAll('figure svg');
check(charts.length>0,'no charts');
charts.forEach(function(c){var b=c.getBoundingClientRect();
check(b.width>200&&b.height>100,'a chart without size: '+c.parentNode.id);
check(c.querySelector('.line,.bar,.box,.dot'),'a chart without marks: '+c.parentNode.id);
c.querySelectorAll('text').forEach(function(t){var r=t.getBoundingClientRect();
check(r.left>=b.left-1&&r.right<=b.right+1,'text outside of '+c.parentNode.id+': '+t.textContent)})});
check(document.documentElement.scrollWidth<=window.innerWidth,
 'wider than the window: '+document.documentElement.scrollWidth+' of '+window.innerWidth);
var token=document.querySelector('.t');
if(token){var tip=document.getElementById('tip');
check(tip.hidden,'tooltip without focus');
token.focus();
check(document.activeElement===token,'a token takes no focus');
check(!tip.hidden&&tip.textContent.indexOf('probability')>0,'no tooltip on focus');
check(token.getAttribute('aria-describedby')==='tip','the tooltip describes nothing');
var box=tip.getBoundingClientRect();
check(box.left>=0&&box.right<=window.innerWidth,'the tooltip leaves the window');
token.dispatchEvent(new KeyboardEvent('keydown',{key:'ArrowRight',bubbles:true}));
check(document.activeElement===token.nextElementSibling,'the arrow key does not move on');
document.activeElement.dispatchEvent(new KeyboardEvent('keydown',{key:'Escape',bubbles:true}));
check(tip.hidden,'Escape leaves the tooltip');
token.dispatchEvent(new MouseEvent('mouseover',{bubbles:true}));
check(!tip.hidden,'no tooltip under the pointer');
function colours(){return [].map.call(document.querySelectorAll('.t'),function(t){
return getComputedStyle(t).backgroundColor}).join()}
var before=colours();
document.getElementById('by-lever').click();var lever=colours();
document.getElementById('by-weight').click();var weight=colours();
check(before!==lever&&lever!==weight&&weight!==before,'the switch changes no colour')}
document.title='CHECKED '+charts.length+' charts, '+document.querySelectorAll('.t').length
+' tokens, '+faults.length+' faults: '+faults.join('; ');
if(parent!==window)parent.postMessage(document.title,'*')});</script>"""
assert page.count("<head>") == 1 and page.count("</body>") == 1
open(sys.argv[2], "w", encoding="utf-8").write(
    page.replace("<head>", "<head>" + early).replace("</body>", late + "</body>"))
PYTHON
  # A window of the browser is never as narrow as a phone; a frame is.
  phone "$1-checked" >"$out/$1-checked-phone.html"
  phone "$1" >"$out/$1-phone.html"
  for name in "$1-checked" "$1-checked-phone"; do
    found=$(browser --window-size=1200,900 --virtual-time-budget=5000 --dump-dom "$(page "$name")" |
      grep -o '<title>CHECKED[^<]*' | sed 's/<title>//') || true
    echo "$name: ${found:-the browser said nothing}"
    case $found in *", 0 faults:"*) ;; *) exit 1 ;; esac
  done
}
examine report
examine compare
charts=$(grep -o '<svg ' "$out/report.html" | wc -l)
test "$charts" = "$(ls "$out/figures" | grep -c '\.svg$')"
for name in report compare; do
  browser --window-size=1200,4200 --screenshot="$out/$name-light.png" "$(page $name)"
  browser --window-size=500,6000 --screenshot="$out/$name-phone.png" "$(page $name-phone)"
  browser --window-size=1200,4200 --blink-settings=preferredColorScheme=0 \
    --screenshot="$out/$name-dark.png" "$(page $name)"
done
browser --no-pdf-header-footer --print-to-pdf="$out/report.pdf" "$(page report)"
ls "$out"/*.png "$out"/report.pdf
