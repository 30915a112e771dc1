/** The account pages: what is on each of them, and their frame. */
import { html } from 'hono/html'
import type { Services } from '../../context/services.ts'
import { alertBox, csrfTokenField, type Html, noticeBox, page, SETTINGS } from '../layout.ts'
import { type BrowserSession, csrfTokenOf } from './browser-session.ts'
import { failureOf } from './failure.ts'
import {
  navigation,
  PAGE_NAMES,
  PAGE_TITLES,
  type PageName,
  TAKENDOWN_PAGES,
} from './navigation.ts'
import { appsPage } from './pages/apps.ts'
import { dataPage } from './pages/data.ts'
import { devicesPage } from './pages/devices.ts'
import { emailPage } from './pages/email.ts'
import { handlePage } from './pages/handle.ts'
import { identityPage } from './pages/identity.ts'
import { overviewPage } from './pages/overview.ts'
import { securityPage } from './pages/security.ts'
import type { View } from './view.ts'

const PAGES: Readonly<Record<PageName, (view: View) => Promise<Html>>> = {
  overview: overviewPage,
  security: securityPage,
  apps: appsPage,
  devices: devicesPage,
  email: emailPage,
  handle: handlePage,
  identity: identityPage,
  data: dataPage,
}

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
  'app-removed': 'The app was removed, and is signed out.',
  'session-ended': 'It is signed out.',
  'code-mailed': 'The code is on its way to you. It is good for fifteen minutes.',
  'email-changed': 'The address was changed. Confirm it with the code that is on its way to it.',
  'email-changed-unmailed': 'The address was changed.',
  'sign-in-mails-on': 'Mails about sign-ins are on.',
  'sign-in-mails-off': 'Mails about sign-ins are off.',
  'email-confirmed': 'The address is confirmed.',
  'handle-changed': 'You have a new handle.',
  'recovery-key-added': 'The recovery key was added. It stands above that of this host.',
  confirmed: 'Thank you. Now go on.',
  deactivated: 'The account is deactivated.',
  activated: 'The account is active again.',
}

export interface SettingsOptions {
  alert?: string
  /** A key of NOTICES. */
  done?: string
  /** What is shown above all else, this once. */
  shownOnce?: Html
}

export async function settingsPage(
  view: View,
  name: PageName,
  { alert, done = '', shownOnce }: SettingsOptions = {},
): Promise<Html> {
  const { services, session } = view
  const [main, mayPublish] = await Promise.all([
    PAGES[name](view),
    services
      .account(session.did)
      .profile.assertMayPublish()
      .catch((error: unknown) => failureOf(error).message),
  ])
  return settingsFrame(view.services, view.session, {
    title: name === 'overview' ? 'Your account' : PAGE_TITLES[name],
    current: name,
    main: html`${alertBox(alert)}${alertBox(mayPublish ?? undefined)}${noticeBox(NOTICES[done])}${shownOnce ?? ''}
${main}`,
  })
}

/** A page for somebody who is signed in. */
export function settingsFrame(
  { config }: Services,
  session: BrowserSession,
  { title, main, current }: { title: string; main: Html; current?: PageName },
): Html {
  const csrfToken = csrfTokenOf(session)
  const names = session.status === 'takendown' ? TAKENDOWN_PAGES : PAGE_NAMES
  return page({
    title,
    config,
    script: { csrfToken, makesKeys: current === 'identity' },
    corner: html`<form method="post" action="${SETTINGS}/sign-out">
${csrfTokenField(csrfToken)}<span>@${session.handle}</span> <button class="second">Sign out</button></form>`,
    nav: navigation(names, current),
    main,
  })
}
