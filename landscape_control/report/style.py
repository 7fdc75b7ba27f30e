"""The style sheet of the report: one column of text, tables that scroll on their own, light and
dark.
"""

STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d2126; --muted: #5c6670; --line: #d9dcd6; --soft: #f2f3ee;
  --accent: #0b5fa5; --good: #00614a; --bad: #a33400; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e6e7e3; --muted: #a2abb3; --line: #363c42;
  --soft: #1e2226; --accent: #7fbdf0; --good: #5fd3b0; --bad: #ff9d6c; } }
* { box-sizing: border-box; }
html { font-size: 17px; -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.55;
  font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", Georgia, serif; }
main { max-width: 54rem; margin: 0 auto; padding: 3.5rem 1.25rem 5rem; }
h1 { font-size: 2.1rem; line-height: 1.15; font-weight: 600; letter-spacing: -0.01em; margin: 0 0 0.6rem; }
h2 { font-size: 1.35rem; line-height: 1.25; font-weight: 600; margin: 0; }
p { margin: 0.7rem 0; white-space: pre-line; }
a { color: var(--accent); text-decoration-thickness: 0.06em; text-underline-offset: 0.18em; }
.lead { font-size: 1.1rem; color: var(--muted); max-width: 42rem; }
.kicker, .source, th, td.word, dl, .verdict, details summary {
  font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
.kicker { font-size: 0.76rem; letter-spacing: 0.04em; color: var(--muted); margin: 0 0 0.25rem; }
.source { font-size: 0.82rem; color: var(--muted); }
article { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1.6rem; }
.head { display: flex; gap: 1rem; justify-content: space-between; align-items: flex-start; }
.verdict { font-size: 0.78rem; font-weight: 600; white-space: nowrap; padding: 0.12rem 0.6rem; border-radius: 1rem;
  border: 1px solid currentColor; }
.holds { color: var(--good); } .fails, .broken { color: var(--bad); }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.86rem; line-height: 1.4; }
th { text-align: left; font-weight: 600; font-size: 0.76rem; color: var(--muted); border-bottom: 1.5px solid var(--ink);
  padding: 0.3rem 0.9rem 0.3rem 0; vertical-align: bottom; white-space: nowrap; }
tr { break-inside: avoid; } td:first-child { min-width: 14rem; }
td { border-bottom: 1px solid var(--line); padding: 0.34rem 0.9rem 0.34rem 0; vertical-align: top; }
td.number { font-variant-numeric: tabular-nums lining-nums; white-space: nowrap;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; font-size: 0.79rem; }
td.word { font-size: 0.8rem; white-space: nowrap; } td:last-child, th:last-child { padding-right: 0; }
figure { margin: 1.4rem 0; } figure img { display: block; width: 100%; height: auto; background: #fff; border-radius: 6px;
  border: 1px solid var(--line); padding: 0.5rem; }
figcaption { font-size: 0.8rem; color: var(--muted); margin-top: 0.4rem; }
pre { background: var(--soft); padding: 0.8rem 1rem; overflow-x: auto; font-size: 0.75rem; border-radius: 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.2rem; font-size: 0.82rem; }
dt { color: var(--muted); } dd { margin: 0; }
@media print { html { font-size: 12px; } body { background: #fff; color: #000; }
  article { break-inside: avoid-page; } main { padding: 0; } }
"""
