/** What only the console's pages have: navigation, tables, filters. */
export const CONSOLE_STYLE = `
.broad .bar, main.broad, .console ul { max-width: 66rem }
.console ul { list-style: none; margin: 0 auto; padding: 0 1rem .5rem; display: flex; flex-wrap: wrap; gap: .25rem }
.console a { display: block; padding: .5rem .75rem; border-radius: .5rem; color: var(--text); text-decoration: none; white-space: nowrap }
.console a:hover { text-decoration: underline }
.console a[aria-current] { background: var(--page); font-weight: 650 }
.table { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; margin: 0 0 1rem }
.table table { border-collapse: collapse; width: 100%; font-size: .95rem }
.table th, .table td { text-align: left; padding: .6rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top }
.table tr:last-child td { border-bottom: 0 }
.table td { max-width: 22rem; min-width: 5.5rem }
.table form { margin: 0 }
dl.facts ul { margin: 0; padding-left: 1.1rem }
.table code, dl.facts code { font-size: .9em }
.search { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: 0 0 1rem }
.search > div { flex: 1 1 14rem }
.search label { margin-top: 0 }
select, textarea { width: 100%; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--field); border-radius: .5rem; padding: .5rem .75rem; min-height: 2.75rem }
dl.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1rem; margin: .5rem 0 }
dl.facts dt { color: var(--quiet) }
dl.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere }
details.action { border-top: 1px solid var(--line); padding: .5rem 0 }
details.action > summary { cursor: pointer; padding: .4rem 0 }
.blurred { overflow: hidden; border-radius: .5rem; max-width: 20rem }
.blurred img { display: block; width: 100%; filter: blur(24px) }
.pages { display: flex; gap: 1rem; margin: 0 0 1rem }
.pages a[aria-current] { color: var(--text); font-weight: 650; text-decoration: none }
@media (max-width: 40rem) {
  .console a { padding: .35rem .5rem }
  dl.facts { grid-template-columns: 1fr; gap: 0 }
  dl.facts dd { margin-bottom: .5rem }
  .table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .table tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0 }
  .table tr:last-child { border-bottom: 0 }
  .table td { display: block; border: 0; padding: .15rem .75rem }
  .table td:empty { display: none }
  .table td[data-label]::before { content: attr(data-label) ": "; color: var(--quiet) }
}
`
