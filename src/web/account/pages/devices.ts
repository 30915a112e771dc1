/** Browsers in which somebody is signed in. */
import { html } from 'hono/html'
import { hashToken } from '../../../kernel/crypto/random-token.ts'
import { deviceOf } from '../../../oauth/device.ts'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { dayOf } from '../time.ts'
import type { View } from '../view.ts'

interface Browser {
  field: 'device' | 'session'
  id: string
  userAgent: string | null
  detail: Html
  isThis: boolean
}

export async function devicesPage(view: View): Promise<Html> {
  const { account, services, session, csrfToken, request } = view
  const [rows, sessions, here] = await Promise.all([
    services.oauth.devices.accounts({ did: session.did }),
    account.browserSessions.list(),
    deviceOf(services, request.headers.get('cookie') ?? undefined),
  ])
  const own = hashToken(session.token)
  const thisDevice = sessions.find(({ hash }) => hash === own)?.device ?? here
  const browsers: Browser[] = rows.map(({ deviceId, device, updatedAt }) => ({
    field: 'device',
    id: deviceId,
    userAgent: device.userAgent,
    detail: html`Signed in ${dayOf(updatedAt)}, last seen ${dayOf(device.lastSeenAt)} from ${device.ipAddress}`,
    isThis: deviceId === thisDevice,
  }))
  const known = new Set(browsers.map(({ id }) => id))
  for (const { hash, device, userAgent, openedAt } of sessions) {
    if (device !== null && known.has(device)) continue
    browsers.push({
      field: 'session',
      id: hash,
      userAgent,
      detail: html`Signed in ${dayOf(openedAt)}, not to be remembered`,
      isThis: hash === own,
    })
  }
  return html`<h1>Devices</h1>
<section aria-labelledby="browsers">
<h2 id="browsers">Browsers that are signed in</h2>
<p>On these pages, and on those where you let apps in. Apps themselves are <a href="${SETTINGS}/apps">listed
apart</a>.</p>
<ul class="list">${browsers.map((browser, index) => item(browser, index, csrfToken))}</ul>
</section>`
}

const item = (
  { field, id, userAgent, detail, isThis }: Browser,
  index: number,
  csrfToken: string,
): Html => html`<li class="item">
<div><strong>${nameOf(userAgent)}</strong> ${isThis ? html`<span class="state on">this browser</span>` : ''}<br>
<span class="quiet">${detail}</span></div>
<form method="post" action="${SETTINGS}/devices/end">
${csrfTokenField(csrfToken)}<input type="hidden" name="${field}" value="${id}">
<button class="danger" aria-label="Sign out browser ${index + 1}, ${nameOf(userAgent)}">Sign out</button></form>
</li>`

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]

/** In words, as far as a browser says what it is. */
function nameOf(userAgent: string | null): string {
  if (userAgent === null) return 'A browser that does not say what it is'
  const find = (list: typeof BROWSERS) => list.find(([pattern]) => pattern.test(userAgent))?.[1]
  const browser = find(BROWSERS)
  if (browser === undefined) return userAgent.slice(0, 80)
  const system = find(SYSTEMS)
  return system === undefined ? browser : `${browser} on ${system}`
}
