/** What only the pages below `/docs` have: lists of methods, schemas, code. */
export const DOCS_STYLE = `
.methods { list-style: none; padding: 0; margin: 0 }
.methods > li { border-top: 1px solid var(--line); padding: .6rem 0 }
.methods > li:first-child { border-top: 0; padding-top: 0 }
.methods p { margin: .15rem 0 0 }
.docs h1, .docs h2 { overflow-wrap: anywhere }
.docs .table td { max-width: 28rem }
.docs pre { margin: .75rem 0; padding: .75rem 1rem; background: var(--page); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto; font-size: .9rem; line-height: 1.45 }
.docs pre code { overflow-wrap: normal }
.docs textarea { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .9rem; min-height: 12rem; resize: vertical }
.docs .req { color: var(--bad); font-size: .85em; font-weight: 550 }
.fields { list-style: none; margin: .5rem 0; padding: 0 }
.fields > li { border-left: 2px solid var(--line); padding: .1rem 0 .5rem .75rem }
.fields p { margin: .1rem 0; overflow-wrap: anywhere }
.fields .fields { margin: .35rem 0 0 }
`
