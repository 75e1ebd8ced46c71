// Put into a page that examines itself: what it found stands in its title.
window.addEventListener('load', function () {
  function check(holds, what) { if (!holds) faults.push(what); }
  function brightness(color) {
    var parts = color.match(/[\d.]+/g).slice(0, 3).map(function (part) {
      var share = part / 255;
      return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }
  function contrast(one, other) {
    var a = brightness(one), b = brightness(other);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  function overlap(a, b) {
    return Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
  }
  var paper = getComputedStyle(document.body).backgroundColor;
  var charts = document.querySelectorAll('figure svg');
  var cells = 0;
  check(charts.length > 0, 'no charts');
  charts.forEach(function (chart) {
    var id = chart.parentNode.id;
    var frame = chart.getBoundingClientRect();
    check(frame.width > 200 && frame.height > 80, 'a chart without size: ' + id);
    check(chart.querySelector('.line,.bar,.box,.dot,.cell'), 'a chart without marks: ' + id);
    ['labelledby', 'describedby'].forEach(function (kind) {
      var text = document.getElementById(chart.getAttribute('aria-' + kind));
      check(text && text.textContent, 'a chart without words, ' + kind + ': ' + id);
    });
    check(chart.parentNode.querySelector('figcaption'), 'a chart without a caption: ' + id);
    var texts = [].slice.call(chart.querySelectorAll('text'));
    var boxes = texts.map(function (text) { return text.getBoundingClientRect(); });
    texts.forEach(function (text, index) {
      var box = boxes[index];
      check(box.left >= frame.left - 1 && box.right <= frame.right + 1
        && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1,
        'text outside of ' + id + ': ' + text.textContent);
      for (var other = 0; other < index; other += 1) {
        check(!overlap(box, boxes[other]), 'texts overlap in ' + id + ': '
          + texts[other].textContent + ' | ' + text.textContent);
      }
      var ground = text.classList.contains('number')
        ? getComputedStyle(text.previousElementSibling).fill : paper;
      if (text.classList.contains('number')) { cells += 1; }
      var found = contrast(getComputedStyle(text).fill, ground);
      check(found >= 4.5, 'contrast ' + found.toFixed(2) + ' in ' + id + ': ' + text.textContent);
    });
  });
  check(document.documentElement.scrollWidth <= window.innerWidth,
    'wider than the window: ' + document.documentElement.scrollWidth + ' of '
    + window.innerWidth);
  var token = document.querySelector('.t');
  if (token) {
    var tip = document.getElementById('tip');
    check(tip.hidden, 'tooltip without focus');
    token.focus();
    check(document.activeElement === token, 'a token takes no focus');
    check(!tip.hidden && tip.textContent.indexOf('probability') > 0, 'no tooltip on focus');
    check(token.getAttribute('aria-describedby') === 'tip', 'the tooltip describes nothing');
    var box = tip.getBoundingClientRect();
    check(box.left >= 0 && box.right <= window.innerWidth, 'the tooltip leaves the window');
    token.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    check(document.activeElement === token.nextElementSibling,
      'the arrow key does not move on');
    document.activeElement.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    check(tip.hidden, 'Escape leaves the tooltip');
    token.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
    check(!tip.hidden, 'no tooltip under the pointer');
    var colours = function () {
      return [].map.call(document.querySelectorAll('.t'), function (each) {
        return getComputedStyle(each).backgroundColor;
      }).join();
    };
    var before = colours();
    document.getElementById('by-lever').click();
    var lever = colours();
    document.getElementById('by-weight').click();
    var weight = colours();
    check(before !== lever && lever !== weight && weight !== before,
      'the switch changes no colour');
  }
  document.title = 'CHECKED ' + charts.length + ' charts, ' + cells + ' cells, '
    + document.querySelectorAll('.t').length + ' tokens, paper ' + paper + ', '
    + faults.length + ' faults: ' + faults.slice(0, 20).join('; ');
  if (parent !== window) { parent.postMessage(document.title, '*'); }
});
