/** The account page: what the OAuth provider's pages lack. */
import { html } from 'hono/html'
import type { Services } from '../../context/services.ts'
import { alertBox, csrfTokenField, type Html, noticeBox, page, SETTINGS } from '../layout.ts'
import { type BrowserSession, csrfTokenOf } from './browser-session.ts'
import { failureOf } from './failure.ts'
import { appPasswordSection } from './sections/app-passwords.ts'
import { dataSection } from './sections/data.ts'
import { passkeySection } from './sections/passkeys.ts'
import { reviewSection } from './sections/review.ts'
import { factorSection } from './sections/second-factor.ts'

/** What just happened, in words; the address of the page says which. */
const NOTICES: Readonly<Record<string, string>> = {
  'passkey-added': 'The passkey was added.',
  'passkey-renamed': 'The passkey was renamed.',
  'passkey-removed':
    'The passkey was removed, and all other browsers and apps are signed out. Delete it on the device too.',
  'totp-on': 'The authenticator app is on.',
  'totp-off': 'The authenticator app is off.',
  'email-on': 'From now on a code is mailed to you when you sign in with your password.',
  'email-off': 'Codes by mail are off.',
  'access-removed':
    'The passkeys and app passwords were removed, and all other browsers and apps are signed out.',
  'access-kept': 'Passkeys and app passwords stay as they are.',
  'app-password-revoked': 'The app password was revoked. Whoever used it is signed out.',
}

export interface SettingsOptions {
  alert?: string
  /** A key of NOTICES. */
  done?: string
  /** What is shown above all else, this once. */
  shownOnce?: Html
}

export async function settingsPage(
  services: Services,
  session: BrowserSession,
  { alert, done = '', shownOnce }: SettingsOptions = {},
): Promise<Html> {
  const account = services.account(session.did)
  const [passkeys, factors, appPasswords, usage, reviewSince] = await Promise.all([
    account.passkeys.list(),
    account.factors.get(),
    account.passwords.listAppPasswords(),
    account.profile.usage(),
    account.passwords.review(),
  ])
  const mayPublish = await account.profile
    .assertMayPublish()
    .catch((error: unknown) => failureOf(error).message)
  const csrfToken = csrfTokenOf(session)
  return settingsFrame(services, session, {
    title: 'Security and data',
    main: html`<h1>Security and data</h1>
${alertBox(alert)}${alertBox(mayPublish ?? undefined)}${noticeBox(NOTICES[done])}${shownOnce ?? ''}
${reviewSince === null ? '' : reviewSection(reviewSince, { passkeys, appPasswords }, csrfToken)}
${passkeySection(passkeys, csrfToken)}
${factorSection(factors, session, csrfToken)}
${appPasswordSection(appPasswords, csrfToken)}
${dataSection(usage, session)}
<p class="quiet">Handle, email address, password, signed-in devices and apps: <a href="/account">account</a>.</p>`,
  })
}

/** A page for somebody who is signed in. */
export function settingsFrame(
  { config }: Services,
  session: BrowserSession,
  { title, main }: { title: string; main: Html },
): Html {
  const csrfToken = csrfTokenOf(session)
  return page({
    title,
    hostname: config.hostname,
    script: { csrfToken },
    corner: html`<form method="post" action="${SETTINGS}/sign-out">
${csrfTokenField(csrfToken)}<span>@${session.handle}</span> <button class="second">Sign out</button></form>`,
    main,
  })
}
