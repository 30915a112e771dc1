/** The frame of each page. Everything that is put into it is escaped by `html`. */
import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { primaryOf } from '../kernel/brand-colors.ts'
import type { Branding } from '../kernel/config/branding.ts'
import type { Config } from '../kernel/config/config.ts'
import { brandImage, ownSources } from './policy.ts'

/** A piece of a page, escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** What all pages are told of this host. */
export type PageConfig = Pick<
  Config,
  'hostname' | 'publicUrl' | 'branding' | 'privacyPolicyUrl' | 'termsOfServiceUrl'
>

/** Paths of what pages load and ask that are not those of `/settings`. */
interface PageNeeds {
  scripts?: readonly string[]
  connect?: readonly string[]
}

/**
 * Nothing from elsewhere but the logo, nothing inline, nothing in frames, and of this host only the files that are meant. The
 * referrer stays on the host, where it lets older browsers say which page a form is of; it goes nowhere else.
 */
export const pageHeaders = (
  request: Request,
  config: PageConfig,
  { scripts = [SCRIPT, KEY_SCRIPT_PATH], connect = [`${SETTINGS}/`] }: PageNeeds = {},
) => ({
  'content-security-policy':
    `default-src 'none'; script-src ${ownSources(request, config, scripts)}; ` +
    `style-src ${ownSources(request, config, [STYLE])}; img-src ${['data:', ...brandImage(config.branding.logoUrl)].join(' ')}; ` +
    `connect-src ${ownSources(request, config, connect)}; ` +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-create=(self), publickey-credentials-get=(self)',
})

/** Where the pages are. `/account` is the OAuth provider's. */
export const SETTINGS = '/settings'
export const STYLE = `${SETTINGS}/style.css`
export const SCRIPT = `${SETTINGS}/passkeys.js`
/** Makes recovery keys. */
export const KEY_SCRIPT_PATH = `${SETTINGS}/recovery-key.js`

/** A cloud, in the colour of the buttons. */
const cloud = (color: string): string =>
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">' +
      `<path fill="${color}" ` +
      'd="M4.5 13a3.5 3.5 0 0 1-.4-7 4.5 4.5 0 0 1 8.6 1.3A2.9 2.9 0 0 1 12.4 13z"/></svg>',
  )

export interface PageParts {
  title: string
  config: PageConfig
  main: Html
  /** Of its texts (BCP 47), if it is not English. */
  language?: string
  /** What stands at the upper right. */
  corner?: Html
  /** What leads to other pages like this one. */
  nav?: Html
  /** For tables. */
  broad?: boolean
  /** For pages with passkeys: what their requests carry. */
  script?: { csrfToken?: string; makesKeys?: boolean }
  /** The path of a script of the page's own. */
  ownScript?: string
}

export const page = ({
  title,
  config,
  main,
  language = 'en',
  corner,
  nav,
  broad,
  script,
  ownScript,
}: PageParts): Html => html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${script?.csrfToken ? html`<meta name="csrf-token" content="${script.csrfToken}">` : ''}
<title>${title} · ${config.branding.name}</title>
<link rel="icon" href="${config.branding.logoUrl ?? cloud(primaryOf(config.branding))}">
<link rel="stylesheet" href="${STYLE}">
${script ? html`<script type="module" src="${SCRIPT}"></script>` : ''}
${script?.makesKeys ? html`<script type="module" src="${KEY_SCRIPT_PATH}"></script>` : ''}
${ownScript ? html`<script type="module" src="${ownScript}"></script>` : ''}
</head>
<body>
<header${broad ? html` class="broad"` : ''}><div class="bar"><a class="host" href="/">${logo(config.branding)}<span>${config.branding.name}</span></a>${corner ?? ''}</div>${nav ?? ''}</header>
<main${broad ? html` class="broad"` : ''}>
${main}
</main>
${footer(config, broad)}
</body>
</html>
`

/** The name stands beside it. */
const logo = ({ logoUrl }: Branding): Html | '' =>
  logoUrl === undefined
    ? ''
    : html`<img class="logo" src="${logoUrl}" alt="" referrerpolicy="no-referrer">`

function footer(
  { branding, termsOfServiceUrl, privacyPolicyUrl }: PageConfig,
  broad: boolean | undefined,
): Html | '' {
  const links = [
    { title: 'Home', href: branding.homeUrl },
    { title: 'Terms of service', href: termsOfServiceUrl },
    { title: 'Privacy policy', href: privacyPolicyUrl },
    { title: 'Support', href: branding.supportUrl },
  ].filter(({ href }) => href)
  if (links.length === 0) return ''
  return html`<footer${broad ? html` class="broad"` : ''}><nav class="bar" aria-label="This host">
${links.map(({ title, href }) => html`<a href="${href}">${title}</a>`)}
</nav></footer>`
}

/** Something that the user must not miss. */
export const alertBox = (text: string | undefined): Html | '' =>
  text === undefined ? '' : html`<p class="note bad" role="alert">${text}</p>`

export const noticeBox = (text: string | undefined): Html | '' =>
  text === undefined ? '' : html`<p class="note good" role="status">${text}</p>`

/** Where the script says what went wrong. */
export const scriptAlert = (): Html =>
  html`<p class="note bad" role="alert" id="passkey-alert" hidden></p>`

/** The CSRF token that every form of a signed-in browser carries. */
export const csrfTokenField = (csrfToken: string): Html =>
  html`<input type="hidden" name="form" value="${csrfToken}">`
