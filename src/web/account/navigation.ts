/** The account pages, and the navigation that leads through them. */
import { html } from 'hono/html'
import { type Html, SETTINGS } from '../layout.ts'

/** The pages by name, in the order of the navigation. */
export const PAGE_TITLES = {
  overview: 'Overview',
  security: 'Security',
  apps: 'Apps',
  devices: 'Devices',
  email: 'Email',
  handle: 'Handle',
  identity: 'Identity',
  data: 'Data',
} as const

export type PageName = keyof typeof PAGE_TITLES

export const PAGE_NAMES = Object.keys(PAGE_TITLES) as PageName[]

export const pathOf = (name: PageName): string =>
  name === 'overview' ? SETTINGS : `${SETTINGS}/${name}`

/** @param current the page that is open; undefined: one that is not in the navigation */
export const navigation = (names: readonly PageName[], current: PageName | undefined): Html => html`
<nav class="account" aria-label="Your account"><ul>${names.map(
  (name) =>
    html`<li><a href="${pathOf(name)}"${name === current ? html` aria-current="page"` : ''}>${PAGE_TITLES[name]}</a></li>`,
)}</ul></nav>`

/** What somebody sees of it whose account was taken down. */
export const TAKENDOWN_PAGES: readonly PageName[] = ['data']
