"""The page's own style and script: all that its Content-Security-Policy lets run.

Colours are those of Okabe and Ito, which the colour-blind tell apart ("Color Universal Design", 2008).
"""

from __future__ import annotations

STYLE = """\
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1a1a;--dim:#5a5a5a;--line:#d0d0d0;--soft:#f4f4f2;--kill:#b84700;--sig:#8a6100;--oom:#a8447f;--ok:#00724f;--blue:#0066a3;--hatch:#999}
@media (prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e8e6e3;--dim:#a3a3a3;--line:#3b3f45;--soft:#1f2226;--kill:#ff8a47;--sig:#e69f00;--oom:#e08fbb;--ok:#2fc797;--blue:#56b4e9;--hatch:#777}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1240px;padding:20px;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5em;margin:0 0 2px}h2{font-size:1.15em;margin:30px 0 8px;border-bottom:1px solid var(--line);padding-bottom:3px}h3{font-size:1em;margin:14px 0 4px}
p{margin:4px 0}.dim,dt,th{color:var(--dim)}a{color:var(--blue)}a:focus-visible,summary:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
.facts{display:flex;flex-wrap:wrap;gap:8px 28px;margin:14px 0}.facts b{display:block;font-size:1.5em;line-height:1.2}
ol.verdicts{list-style:none;padding:0;margin:0}ol.verdicts li{display:grid;grid-template-columns:11.5em 1fr;gap:0 12px;padding:3px 0;border-bottom:1px solid var(--line)}
time,table,code,details{font-variant-numeric:tabular-nums}code{font:13px/1.4 ui-monospace,monospace}
summary i,li i{color:var(--ok);font-style:normal;font-size:12px;border:1px solid;border-radius:3px;padding:0 5px;white-space:nowrap}summary .likely,li .likely{color:var(--sig)}summary .open,li .open,summary .no,li .no{color:var(--kill)}
details{border-bottom:1px solid var(--line);padding:4px 0}details>summary{cursor:pointer}details:target{outline:2px solid var(--blue);outline-offset:2px}
td details{border:0;padding:0}
dl{display:grid;grid-template-columns:5em 1fr;margin:6px 0;gap:1px 10px}dt,dd{margin:0}
details ol{margin:6px 0 6px 14px;font-size:13px}details li{margin:3px 0}details code{display:block}small{color:var(--dim);font-size:1em}details li a{font-family:ui-monospace,monospace;text-decoration:none}.files{list-style:none;padding:0;margin:6px 0;font-size:13px}
.wide{overflow-x:auto}td{max-width:34em}table{border-collapse:collapse;width:100%;min-width:44em;font-size:14px;overflow-wrap:break-word}th,td{text-align:left;vertical-align:top;padding:3px 14px 3px 0;border-bottom:1px solid var(--line);min-width:3em}th{font-weight:400}.n{text-align:right}
.tools{display:none;gap:8px;margin:8px 0;flex-wrap:wrap}.js .tools{display:flex}input,button{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:4px;padding:3px 10px}
.hide{display:none}
svg{display:block;font:12px system-ui,sans-serif;fill:var(--fg)}.key{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0;font-size:13px;list-style:none;padding:0}.key li{display:flex;align-items:center;gap:6px}
.lane0{fill:var(--soft)}.lane1{fill:none}.name{font-weight:600}.clock,.source{fill:var(--dim)}.tick{stroke:var(--line);fill:none}
.cut path{stroke:var(--dim);stroke-dasharray:2 3;fill:none}.cut text{text-anchor:middle;fill:var(--dim);font-size:11px}
.hatch{stroke:var(--hatch);stroke-width:2;fill:none}.gap{fill:url(#hatch);stroke:var(--hatch);stroke-width:.5}.seen{fill:var(--blue);opacity:.35}
.waiting{stroke:var(--sig);stroke-width:4;fill:none;opacity:.55}.off{stroke:var(--ok);stroke-width:2;stroke-dasharray:3 3;fill:none}
.lane text{transform:translate(9px,-10px);paint-order:stroke;stroke:var(--bg);stroke-width:3;stroke-linejoin:round}.lane .end{transform:translate(-9px,-10px);text-anchor:end}.lane .low{transform:translate(9px,20px)}.lane .end.low{transform:translate(-9px,20px)}a:hover text,a:focus text{text-decoration:underline}
.band{fill:var(--kill);opacity:.18}.strokes{stroke:var(--kill);stroke-width:12;fill:none}
use{fill:none;stroke:var(--blue);stroke-width:2}[href="#signal"]{fill:var(--sig);stroke:var(--sig)}[href="#asked"]{fill:var(--bg)}[href="#other"]{fill:var(--blue)}[href="#kill"],[href="#death"]{stroke:var(--kill)}[href="#death"]{stroke-width:3}[href="#oom"]{fill:var(--oom);stroke:var(--oom)}[href="#said"]{stroke:var(--dim)}[href="#again"]{fill:var(--bg);stroke:var(--ok)}
.ordered [href="#death"]{stroke:var(--dim)}.arrow{stroke:var(--blue);stroke-width:1.5;fill:none;marker-start:url(#from);marker-end:url(#tip)}.many .arrow{stroke-opacity:.35}.likely{stroke-dasharray:5 3}.tip{fill:var(--blue)}
@media (max-width:600px){body{padding:12px}ol.verdicts li{grid-template-columns:1fr}dl{grid-template-columns:4em 1fr}details ol{margin-left:0;padding-left:1.7em}}
@media print{@page{size:A4;margin:14mm}:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--soft:#f4f4f2;--kill:#b84700;--sig:#8a6100;--oom:#a8447f;--ok:#00724f;--blue:#0066a3}body{max-width:none;padding:0;font-size:10pt}.tools,.js .tools{display:none}.wide{overflow:visible}svg{width:100%;height:auto}details::details-content{content-visibility:visible;display:block;height:auto}a{color:inherit;text-decoration:none}details,tr,li{break-inside:avoid}h2{break-after:avoid}.hide{display:revert}}
"""

SCRIPT = """\
"use strict";
document.documentElement.classList.add("js");
(function () {
  var svg = document.getElementById("timeline"), tools = document.getElementById("tools");
  function each(list, act) { Array.prototype.forEach.call(list, act); }
  function opened() {
    var it = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (; it; it = it.parentElement) if (it.tagName === "DETAILS") it.open = true;
  }
  addEventListener("hashchange", opened);
  opened();
  addEventListener("beforeprint", function () { each(document.querySelectorAll("details"), function (one) { one.open = true; }); });
  if (!tools) return;
  var filter = document.getElementById("filter"), scale = 1;
  function evidence(link) { return document.getElementById(link.getAttribute("href").slice(1)); }
  filter.addEventListener("input", function () {
    var word = filter.value.toLowerCase();
    each(document.querySelectorAll("details[data-name]"), function (one) {
      one.classList.toggle("hide", (one.dataset.name + " " + one.firstChild.textContent).toLowerCase().indexOf(word) < 0);
    });
    each(document.querySelectorAll(".verdicts a,.lane>a"), function (one) {
      (one.closest("li") || one).classList.toggle("hide", evidence(one).classList.contains("hide"));
    });
  });
  each(document.querySelectorAll(".lane>a"), function (one) {
    var title = document.createElementNS(one.namespaceURI, "title");
    title.textContent = evidence(one).firstChild.textContent;
    one.insertBefore(title, one.firstChild);
  });
  each(document.querySelectorAll("details li a"), function (one) { one.title = evidence(one).lastChild.textContent; });
  function zoom(by) {
    if (!svg) return;
    var box = svg.viewBox.baseVal, pane = svg.parentElement, before = pane.scrollLeft / scale;
    scale = Math.min(8, Math.max(0.5, scale * by));
    svg.setAttribute("width", box.width * scale);
    svg.setAttribute("height", box.height * scale);
    pane.scrollLeft = before * scale;
  }
  document.getElementById("in").addEventListener("click", function () { zoom(1.5); });
  document.getElementById("out").addEventListener("click", function () { zoom(1 / 1.5); });
})();
"""
