import Charts

/// Holds the style and the script of a page. Neither holds `<` or `&`, so that the page is XML too.
enum PageStyle {
  static var rules: String { Palette.rules + Palette.chartRules + layout + tokens + print }

  private static let layout = """
    *{box-sizing:border-box}
    body{margin:0 auto;padding:1.25rem clamp(.75rem,3vw,2rem) 4rem;max-width:76rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
    h1{font-size:1.6rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
    h2{font-size:1.2rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--rule)}
    h3{font-size:1rem;margin:1.5rem 0 .5rem;overflow-wrap:anywhere}
    p{max-width:46rem;margin:.5rem 0}
    .subtitle,figcaption,caption,.note{color:var(--dim);font-size:.9rem}
    nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;margin:.75rem 0 0}
    a{color:var(--focus)}
    :focus-visible{outline:2px solid var(--focus);outline-offset:2px}
    .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20.5rem),1fr));gap:1.75rem 1.5rem}
    figure{margin:0;min-width:0}
    .chart{display:block;width:100%;height:auto}
    figcaption{margin-top:.25rem}
    .scroll{overflow-x:auto;margin:.75rem 0}
    table{border-collapse:collapse;font-size:.9rem}
    caption{text-align:left;padding-bottom:.35rem}
    th,td{text-align:left;padding:.25rem 1.1rem .25rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
    th{font-weight:600}
    .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
    td{overflow-wrap:anywhere}
    td:not(.number){min-width:8.5rem}
    .beside{min-width:0}
    @media(min-width:48rem){.beside{grid-column:span 2}}
    code,.digest{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.85em;overflow-wrap:anywhere}
    summary{cursor:pointer;padding:.2rem 0}

    """

  /// Rules for completions and the switch of their colours; three radio buttons, it works without the
  /// script.
  private static let tokens = """
    fieldset{border:1px solid var(--rule);border-radius:.4rem;padding:.4rem .9rem .6rem;margin:1rem 0;max-width:46rem}
    fieldset label{margin-right:1.2rem;white-space:nowrap}
    .samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:1rem}
    .sample{background:var(--panel);border-radius:.4rem;padding:.7rem .9rem;min-width:0}
    .completion,.prompt{white-space:pre-wrap;overflow-wrap:anywhere;font:.88rem/1.75 ui-monospace,"DejaVu Sans Mono",monospace;margin:.4rem 0}
    .prompt{color:var(--dim);line-height:1.5;max-width:none}
    .t{unicode-bidi:isolate;border-radius:2px;padding:.1em 0;--v:var(--p,0);--c:var(--s1);background:color-mix(in srgb,var(--c) calc(var(--v)*60%),transparent)}
    body:has(#by-lever:checked) .t{--v:var(--l,0);--c:var(--s4)}
    body:has(#by-weight:checked) .t{--v:var(--u,0);--c:var(--s0)}
    body:has(#by-weight:checked) .down{--v:var(--u,0);--c:var(--s1)}
    .t:focus-visible{outline-offset:0}
    .scale{display:inline-block;width:7rem;height:.8rem;vertical-align:-.1rem;border-radius:2px;background:linear-gradient(to right,transparent,color-mix(in srgb,var(--c) 60%,transparent));border:1px solid var(--rule);--c:var(--s1)}
    .by-lever,.by-weight{display:none}
    body:has(#by-lever:checked) :is(.by-probability,.by-weight),body:has(#by-weight:checked) :is(.by-probability,.by-lever){display:none}
    body:has(#by-lever:checked) .by-lever,body:has(#by-weight:checked) .by-weight{display:inline}
    .by-lever .scale{--c:var(--s4)}
    .by-weight .scale{width:9rem;background:linear-gradient(to right,color-mix(in srgb,var(--s1) 60%,transparent),transparent,color-mix(in srgb,var(--s0) 60%,transparent))}
    #tip{position:absolute;z-index:9;max-width:min(20rem,calc(100vw - 1rem));background:var(--ink);color:var(--paper);padding:.4rem .6rem;border-radius:.3rem;font:.82rem/1.45 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre;pointer-events:none}
    #tip[hidden]{display:none}

    """

  private static let print = """
    @media print{body{max-width:none;padding:0;font-size:10pt}nav,fieldset,#tip{display:none}figure,.sample,tr{break-inside:avoid}h2,h3{break-after:avoid}.charts{grid-template-columns:1fr 1fr}.t{print-color-adjust:exact;-webkit-print-color-adjust:exact}.scroll{overflow:visible}}
    @media(prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}

    """

  /// Shows a tooltip at the token that has the focus or the pointer; arrow keys go from token to token.
  /// Without the script each token has its numbers as `title`.
  static let script = """
    (function () {
      var tip = document.createElement('div');
      tip.id = 'tip';
      tip.setAttribute('role', 'tooltip');
      tip.hidden = true;
      document.body.appendChild(tip);
      var shown = null;
      function hide() {
        if (shown) { shown.removeAttribute('aria-describedby'); }
        shown = null;
        tip.hidden = true;
      }
      function show(token) {
        hide();
        shown = token;
        tip.textContent = token.dataset.numbers;
        token.setAttribute('aria-describedby', 'tip');
        tip.hidden = false;
        var box = token.getClientRects()[0] || token.getBoundingClientRect();
        var room = document.documentElement.clientWidth - tip.offsetWidth - 8;
        var left = Math.max(8, Math.min(box.left, room));
        var above = box.top - tip.offsetHeight - 6;
        tip.style.left = left + window.scrollX + 'px';
        tip.style.top = (0 > above ? box.bottom + 6 : above) + window.scrollY + 'px';
      }
      function token(event) { return event.target.closest ? event.target.closest('.t') : null; }
      document.querySelectorAll('.t').forEach(function (each) {
        each.dataset.numbers = each.title;
        each.removeAttribute('title');
      });
      document.addEventListener('focusin', function (event) {
        var at = token(event);
        if (at) { show(at); } else { hide(); }
      });
      document.addEventListener('focusout', hide);
      document.addEventListener('mouseover', function (event) {
        var at = token(event);
        if (at) { show(at); } else if (shown !== document.activeElement) { hide(); }
      });
      document.addEventListener('keydown', function (event) {
        var at = token(event);
        if (event.key === 'Escape') { hide(); }
        if (!at) { return; }
        var to = event.key === 'ArrowRight' ? at.nextElementSibling
          : event.key === 'ArrowLeft' ? at.previousElementSibling
          : event.key === 'Home' ? at.parentNode.firstElementChild
          : event.key === 'End' ? at.parentNode.lastElementChild : null;
        if (!to) { return; }
        event.preventDefault();
        at.tabIndex = -1;
        to.tabIndex = 0;
        to.focus();
      });
    })();
    """
}
