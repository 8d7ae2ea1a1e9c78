// How it looks. A host sets the properties named --classlink-…; light or dark comes from its color-scheme.

export const sheet = new CSSStyleSheet();

sheet.replaceSync(`
:host {
  --accent: var(--classlink-accent, light-dark(#0b62b8, #7cb8f7));
  --on-accent: var(--classlink-on-accent, light-dark(#ffffff, #0b1520));
  --surface: var(--classlink-surface, light-dark(#ffffff, #1b2129));
  --raised: var(--classlink-raised, light-dark(#f5f7fa, #242c36));
  --text: var(--classlink-text, light-dark(#18212c, #e8edf3));
  --muted: var(--classlink-muted, light-dark(#51606f, #a9b6c4));
  --line: var(--classlink-line, light-dark(#d5dce4, #3a4653));
  --edge: var(--classlink-edge, light-dark(#76838f, #7f8d9b));
  --good: var(--classlink-good, light-dark(#17703f, #6fd39b));
  --warn: var(--classlink-warn, light-dark(#8a5300, #f0bd6a));
  --bad: var(--classlink-bad, light-dark(#b3261e, #ff9d94));
  --radius: var(--classlink-radius, 10px);
  display: block;
  container-type: inline-size;
  color: var(--text);
  font: inherit;
  line-height: 1.5;
  text-align: start;
  overflow-wrap: break-word;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }

h2, h3, h4, p, dl, dd, ol, ul, figure, fieldset { margin: 0; }
h2 { font-size: 1.5rem; line-height: 1.2; letter-spacing: -0.01em; }
h3 { font-size: 1.125rem; line-height: 1.3; }
h4 { font-size: 1rem; }
h2:focus, h3:focus, h4:focus { outline: none; }
ol, ul { padding-inline-start: 1.25rem; }
a { color: var(--accent); }

.stack { display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
.close { display: grid; gap: 0.5rem; grid-template-columns: minmax(0, 1fr); }
.stack > :empty, .close > :empty { display: none; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; align-items: center; }
.row.apart { justify-content: space-between; }
.muted, .hint { color: var(--muted); }
.hint { font-size: 0.875rem; }
.quiet {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}

.panel {
  background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: 1.25rem;
  display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); align-content: start;
}
.panel.grave { border-color: var(--bad); }
.columns { display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); align-items: start; }
@container (min-width: 52rem) { .columns { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }

button, input, select, textarea { font: inherit; color: inherit; }
button {
  border: 1px solid var(--edge); border-radius: 8px; background: var(--surface); color: var(--text);
  padding: 0.5rem 0.9rem; min-height: 2.5rem; cursor: pointer; font-weight: 550; line-height: 1.25;
}
button:hover:not([aria-disabled="true"]) { background: var(--raised); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.primary:hover:not([aria-disabled="true"]) {
  background: color-mix(in oklab, var(--accent) 88%, var(--text));
}
button.danger { border-color: var(--bad); color: var(--bad); }
button.plain { border-color: transparent; background: transparent; color: var(--accent); }
button.small { min-height: 2rem; padding: 0.2rem 0.6rem; font-size: 0.9rem; }
button.inline {
  border: 0; padding: 0 0.15rem; min-height: 1.5rem; min-inline-size: 1.5rem; background: transparent;
  color: var(--accent); text-decoration: underline; text-align: inherit; font-weight: inherit;
}
button[aria-disabled="true"] { opacity: 0.6; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

.field, .check { display: grid; gap: 0.25rem; }
.field > label, legend { font-weight: 600; }
.check { grid-template-columns: auto minmax(0, 1fr); column-gap: 0.6rem; align-items: start; }
.check .hint { grid-column: 2; }
input[type="checkbox"], input[type="radio"] {
  inline-size: 1.15rem; block-size: 1.15rem; margin: 0.18rem 0 0; accent-color: var(--accent);
}
input:not([type="checkbox"], [type="radio"]), select, textarea {
  border: 1px solid var(--edge); border-radius: 8px; background: var(--surface); padding: 0.45rem 0.65rem;
  min-height: 2.5rem; inline-size: 100%; max-inline-size: 30rem;
}
input[aria-invalid="true"] { border-color: var(--bad); }
.wrong { color: var(--bad); font-size: 0.9rem; font-weight: 550; }
.wrong:empty { display: none; }
fieldset { border: 0; padding: 0; min-inline-size: 0; display: grid; gap: 0.75rem; }
legend { padding: 0; margin-block-end: 0.5rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; }
.short { max-inline-size: 11rem !important; }
.pair { display: grid; gap: 0.75rem 1.25rem; grid-template-columns: minmax(0, 1fr); align-items: end; }
@container (min-width: 36rem) { .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); } }

.badge {
  display: inline-flex; align-items: center; gap: 0.4em; border-radius: 999px; padding: 0.1rem 0.65rem;
  font-size: 0.875rem; font-weight: 600; border: 1px solid currentColor; white-space: nowrap;
}
.badge::before { content: ""; inline-size: 0.5em; block-size: 0.5em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.busy { color: var(--accent); } .calm { color: var(--muted); }
@media (prefers-reduced-motion: no-preference) {
  .badge.busy::before { animation: beat 1.4s ease-in-out infinite; }
}
@keyframes beat { 50% { opacity: 0.25; } }

.note {
  border-inline-start: 4px solid currentColor; background: var(--raised); border-radius: 0 8px 8px 0;
  padding: 0.75rem 1rem; display: grid; gap: 0.6rem; grid-template-columns: minmax(0, 1fr); justify-items: start;
}
.note > * { color: var(--text); }
.note > button.primary { color: var(--on-accent); }
.note > strong { font-weight: 650; }

.cards { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
@container (min-width: 44rem) { .cards { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
.card .figure {
  font-size: 2.25rem; font-weight: 650; line-height: 1.1; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums;
}
.card dl { display: grid; gap: 0.15rem; }
.card dl div, .tally div { display: flex; justify-content: space-between; gap: 1rem; }
.card dt, .tally dt { color: var(--muted); }
.card dd, .tally dd { font-variant-numeric: tabular-nums; font-weight: 600; }
.tally { display: grid; gap: 0.25rem; }

.facts { display: grid; gap: 0.6rem 1.5rem; grid-template-columns: minmax(0, 1fr); }
@container (min-width: 36rem) { .facts { grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); } }
.facts dt { color: var(--muted); font-size: 0.875rem; }
.facts dd { font-weight: 550; overflow-wrap: anywhere; }

.progress { display: grid; gap: 0.4rem; }
.progress div {
  display: grid; gap: 0 0.75rem; align-items: center; grid-template-columns: minmax(0, 1fr) auto;
}
.progress progress { grid-column: 1 / -1; }
@container (min-width: 36rem) {
  .progress div { grid-template-columns: 10rem minmax(0, 1fr) 8rem; }
  .progress progress { grid-column: 2; grid-row: 1; }
}
.progress .rows { text-align: end; font-variant-numeric: tabular-nums; color: var(--muted); font-size: 0.9rem; }
progress {
  appearance: none; inline-size: 100%; block-size: 0.6rem; border: 0; border-radius: 999px; overflow: hidden;
  background: var(--line); accent-color: var(--accent);
}
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--accent); border-radius: 999px; }
progress::-moz-progress-bar { background: var(--accent); border-radius: 999px; }
.now { min-block-size: 21rem; }
.phases { display: flex; flex-wrap: wrap; gap: 0.4rem 1.25rem; list-style: none; padding: 0; color: var(--muted); }
.phases li { display: flex; gap: 0.45rem; align-items: center; }
.phases li::before {
  content: ""; inline-size: 0.75rem; block-size: 0.75rem; border-radius: 50%; border: 2px solid currentColor;
}
.phases li.done::before { background: var(--good); border-color: var(--good); }
.phases li[aria-current] { color: var(--text); font-weight: 650; }
.phases li[aria-current]::before { border-color: var(--accent); background: var(--accent); }

[role="tablist"] { display: flex; flex-wrap: wrap; gap: 0.25rem; border-block-end: 1px solid var(--line); }
[role="tab"] {
  border: 0; border-block-end: 3px solid transparent; border-radius: 6px 6px 0 0; background: transparent;
  color: var(--muted);
}
[role="tab"][aria-selected="true"] { color: var(--text); border-block-end-color: var(--accent); }
[role="tabpanel"]:focus-visible { outline-offset: 6px; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; inline-size: 100%; font-size: 0.95rem; }
caption { text-align: start; font-weight: 600; padding-block-end: 0.5rem; }
th, td {
  text-align: start; padding: 0.5rem 0.75rem; border-block-end: 1px solid var(--line); vertical-align: top;
  font-weight: 400; overflow-wrap: anywhere;
}
thead th { color: var(--muted); font-weight: 600; font-size: 0.875rem; overflow-wrap: normal; }
tbody th { font-weight: 550; }
.words { overflow-wrap: break-word; }
.number { text-align: end; font-variant-numeric: tabular-nums; }
@container (max-width: 35.99rem) {
  table, tbody, tr, th, td, caption { display: block; }
  thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border-block-end: 1px solid var(--line); padding-block: 0.5rem; }
  tbody th, td, td.number { border: 0; padding: 0.1rem 0; text-align: start; }
  td::before { content: attr(data-label) ": "; color: var(--muted); }
  td[data-label=""]::before, td:empty { display: none; }
}

details > summary { cursor: pointer; font-weight: 600; padding-block: 0.25rem; }
details > .inside { padding-block-start: 0.75rem; display: grid; gap: 0.9rem; grid-template-columns: minmax(0, 1fr); }

dialog {
  border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); color: var(--text);
  padding: 1.5rem; max-inline-size: min(36rem, calc(100vw - 2rem)); inline-size: 100%;
}
dialog::backdrop { background: rgb(10 15 20 / 0.55); }
dialog > .inside { padding-block: 1rem 1.25rem; display: grid; gap: 0.9rem; grid-template-columns: minmax(0, 1fr); }

.chart { display: block; inline-size: 100%; block-size: 9rem; }
.chart .added { fill: var(--good); } .chart .changed { fill: var(--accent); } .chart .removed { fill: var(--warn); }
.chart .failed { fill: var(--bad); } .chart .base { stroke: var(--edge); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; font-size: 0.875rem; list-style: none; padding: 0; }
.legend li { display: flex; align-items: center; gap: 0.4rem; }
.legend li::before { content: ""; inline-size: 0.7rem; block-size: 0.7rem; border-radius: 2px; background: currentColor; }
.legend .added { color: var(--good); } .legend .changed { color: var(--accent); }
.legend .removed { color: var(--warn); } .legend .failed { color: var(--bad); }
.legend span { color: var(--text); }

@media (forced-colors: active) {
  .badge::before, .legend li::before, .phases li::before { forced-color-adjust: none; }
}
`);
