/** The page of the settings: what is set, and which combinations are risky. Nothing is changed here. */
import { html } from 'hono/html'
import { type SettingView, settingGroups } from '../../../kernel/config/describe.ts'
import { type Risk, risksOf } from '../../../kernel/config/risks.ts'
import type { Html } from '../../layout.ts'
import type { ConsolePage } from '../page.ts'

export const settings: ConsolePage = {
  path: 'settings',
  title: 'Settings',
  views: {
    '': (c) => {
      const { config, mail, settings } = c.env.services
      return {
        title: 'Settings',
        main: html`<h1>Settings</h1>
<p>Settings come from the environment or from <code>wrangler.toml</code>; they are changed there, and count from the next
start on. Of a secret a fingerprint is shown, which tells whether it is still the same; those that <code>npm start</code> has
made, and keeps in <code>secrets.json</code>, count as set.</p>
${riskList(risksOf(config, mail.sends))}
${settingGroups.map((group) => {
  const inGroup = settings.filter((setting) => setting.group === group)
  const count = inGroup.filter(({ value }) => value !== undefined).length
  return html`<details${count > 0 ? html` open` : ''}><summary><strong>${group}</strong>: ${count} of ${inGroup.length} set</summary>
${table(inGroup, group)}</details>`
})}`,
      }
    },
  },
  actions: {},
}

const riskList = (risks: readonly Risk[]): Html =>
  risks.length === 0
    ? html`<p class="note good">No risky combination of settings is known.</p>`
    : html`<section aria-labelledby="risks"><h2 id="risks">What to look at</h2>
<ul>${risks.map(
        ({ what, help, settings }) =>
          html`<li>${what} ${help} (${settings.map((name, index) => html`${index > 0 ? ', ' : ''}<a href="#${name}"><code>${name}</code></a>`)})</li>`,
      )}</ul></section>`

const table = (settings: readonly SettingView[], title: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="${title}"><table>
<thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead>
<tbody>${settings.map(
  (setting) => html`<tr id="${setting.name}">
<td data-label="Setting"><details><summary><code>${setting.name}</code></summary>${plain(setting.doc)}</details></td>
<td data-label="Value">${value(setting)}</td>
<td data-label="From">${setting.value === undefined ? 'default' : html`<strong>set</strong>, default: ${plain(setting.otherwise)}`}</td></tr>`,
)}</tbody></table></div>`

const value = ({ value, otherwise, isSecret }: SettingView): Html =>
  value === undefined
    ? html`<span class="quiet">${plain(otherwise)}</span>`
    : isSecret
      ? html`fingerprint <code>${value}</code>`
      : html`<code>${value}</code>`

/** Without the marks of Markdown. */
const plain = (text: string): string => text.replaceAll('`', '')
