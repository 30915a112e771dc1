/** The style of all pages: the host's colours, the fonts of the user's system. */
import type { Branding } from '../../kernel/config/branding.ts'
import { brandColors } from './colors.ts'
import { CONSOLE_STYLE } from './console-style.ts'
import { DOCS_STYLE } from './docs-style.ts'

/** What settings say of colours comes last and counts. */
export const styleSheet = (branding: Branding): string => STYLE_SHEET + brandColors(branding)

const STYLE_SHEET = `
:root {
  --text: #15151a; --quiet: #5a5a68; --page: #f6f6f9; --card: #fff; --line: #d9d9e2; --field: #8a8a99;
  --primary: #8338ec; --on-primary: #fff; --link: #6a1fd0;
  --bad: #a8152b; --bad-page: #fdecef; --good: #14663c; --good-page: #e8f6ee;
  --warn: #7a4b00; --warn-page: #fdf1dd; --info: #0b4f8a; --info-page: #e6f1fb;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #ececf1; --quiet: #a9a9b8; --page: #131318; --card: #1d1d24; --line: #35353f; --field: #7c7c8c;
    --link: #c4a1ff; --bad: #ffabb6; --bad-page: #3b161d; --good: #9be0b8; --good-page: #12301f;
    --warn: #f5c979; --warn-page: #38280c; --info: #9dccf7; --info-page: #10273d;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word }
header { background: var(--card); border-bottom: 1px solid var(--line) }
.bar { max-width: 44rem; margin: 0 auto; padding: .75rem 1rem; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between }
.bar form { margin: 0; display: flex; gap: .75rem; align-items: center }
nav.account ul { max-width: 44rem; margin: 0 auto; padding: 0 .5rem .5rem; list-style: none; display: flex; flex-wrap: wrap; gap: .15rem }
nav.account a { display: inline-block; padding: .35rem .6rem; border-radius: .5rem; text-decoration: none; color: inherit }
nav.account a:hover { text-decoration: underline }
nav.account a[aria-current] { background: var(--page); font-weight: 600; box-shadow: inset 0 -2px var(--link) }
.host { font-weight: 650; color: inherit; text-decoration: none; display: flex; gap: .6rem; align-items: center; min-width: 0 }
.logo { height: 2rem; width: auto; max-width: 8rem; object-fit: contain; display: block }
footer .bar { justify-content: flex-start; padding-bottom: 2rem }
footer a { color: var(--quiet) }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem }
p { margin: .5rem 0 }
a { color: var(--link) }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin: 0 0 1rem }
.narrow { max-width: 26rem; margin-left: auto; margin-right: auto }
.quiet { color: var(--quiet) }
.note { border-radius: .5rem; padding: .6rem .9rem; margin: 0 0 1rem }
.bad { color: var(--bad); background: var(--bad-page) }
.good { color: var(--good); background: var(--good-page) }
.warn { color: var(--warn); background: var(--warn-page) }
.info { color: var(--info); background: var(--info-page) }
label { display: block; font-weight: 550; margin: .75rem 0 .25rem }
label.check { display: flex; gap: .6rem; align-items: baseline; font-weight: 400 }
select, input:not([type=checkbox]):not([type=hidden]) { width: 100%; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--field); border-radius: .5rem; padding: .5rem .75rem }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; accent-color: var(--primary); flex: none; position: relative; top: .15rem }
button, .button { font: inherit; font-weight: 550; display: inline-block; text-decoration: none; color: var(--on-primary); background: var(--primary); border: 1px solid var(--primary); border-radius: .5rem; padding: .5rem 1rem; cursor: pointer; min-height: 2.75rem }
button:hover, .button:hover { filter: brightness(1.1) }
button[disabled] { opacity: .6; cursor: progress }
.second { color: var(--text); background: transparent; border-color: var(--field) }
.danger { color: var(--bad); background: transparent; border-color: var(--bad) }
::placeholder { color: var(--quiet); opacity: 1 }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
form { margin: .75rem 0 0 }
form > button { margin-top: 1rem }
.bar form > button, .item > form > button, .row > button, section > form:first-child > button:first-child { margin-top: 0 }
section > form:first-child { margin-top: 0 }
section > :last-child { margin-bottom: 0 }
ul.list:last-child > li:last-child { padding-bottom: 0 }
form > label:first-of-type { margin-top: 0 }
main > p { margin-bottom: 1rem }
ol { margin: 0; padding-left: 1.25rem }
ol > li + li { margin-top: 1rem }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end }
.row > .grow { flex: 1 1 12rem }
.row label { margin-top: 0 }
.wide { width: 100%; text-align: center }
.or { display: flex; align-items: center; gap: .75rem; color: var(--quiet); margin: 1rem 0 }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line) }
ul.list { list-style: none; padding: 0; margin: .75rem 0 0 }
ul.list > li { border-top: 1px solid var(--line); padding: .75rem 0 }
.item { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between }
.item form { margin: 0 }
.item > div { min-width: 0; flex: 1 1 14rem }
summary { cursor: pointer; color: var(--link); padding: .35rem 0 }
code, .secret { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere }
.secret { display: block; font-size: 1.15rem; background: var(--page); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; margin: .75rem 0; user-select: all }
.codes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .25rem 1rem; list-style: none; padding: .6rem .9rem; margin: .75rem 0 }
.qr { margin: .75rem 0; background: #fff; border: 1px solid var(--line); border-radius: .5rem; padding: .5rem; width: 13rem; max-width: 100% }
.qr svg { display: block; width: 100%; height: auto }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: .75rem 0 }
dt { color: var(--quiet) }
dd { margin: 0 }
@media (max-width: 30rem) {
  dl { display: block }
  dd { margin: 0 0 .6rem }
  section { padding: 1rem }
}
.state { font-size: .875rem; font-weight: 550; border-radius: 1rem; padding: .1rem .6rem; background: var(--page); border: 1px solid var(--line); white-space: nowrap }
.state.on { color: var(--good); background: var(--good-page); border-color: transparent }
${CONSOLE_STYLE}${DOCS_STYLE}`
