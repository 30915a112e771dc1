/** What the routes of the account pages have in common: a form changes something, and its page is shown again. */
import { XRPCError } from '@atproto/xrpc-server'
import type { Notice } from '../../services/mail/notice-mail.ts'
import type { AccountClient } from '../../services/objects/stubs.ts'
import { SETTINGS } from '../layout.ts'
import { csrfTokenOf } from './browser-session.ts'
import { failureOf } from './failure.ts'
import { type PageName, pathOf } from './navigation.ts'
import type { PageContext } from './page-env.ts'
import { type SettingsOptions, settingsPage } from './settings-page.ts'
import type { View } from './view.ts'

/** Whoever is signed in must still be when something is changed. */
export const holderOf = (c: PageContext) => ({ browser: c.var.session.token })

export const accountOf = (c: PageContext): AccountClient =>
  c.env.services.account(c.var.session.did, holderOf(c))

/** The same for dangerous steps, which are refused unless credentials were shown lately. */
export const freshHolderOf = (c: PageContext) => ({ ...holderOf(c), fresh: true })

export const freshAccountOf = (c: PageContext): AccountClient =>
  c.env.services.account(c.var.session.did, freshHolderOf(c))

/** For what is done by other objects than the account's. @throws XRPCError `ConfirmationRequired` */
export async function assertFresh(c: PageContext): Promise<void> {
  await freshAccountOf(c).profile.get()
}

export const tell = (c: PageContext, notice: Notice): void =>
  c.env.services.mail.tell(c.var.session.did, notice)

export const viewOf = (c: PageContext): View => ({
  services: c.env.services,
  session: c.var.session,
  account: accountOf(c),
  csrfToken: csrfTokenOf(c.var.session),
  request: c.req.raw,
})

export async function showPage(
  c: PageContext,
  page: PageName,
  options: SettingsOptions = {},
): Promise<Response> {
  return c.html(await settingsPage(viewOf(c), page, options))
}

/** Where somebody confirms that it is them, and goes on to a page from. */
export const confirmPath = (page: PageName): string => `${SETTINGS}/confirm?next=${page}`

export const isConfirmationRequired = (error: unknown): boolean =>
  error instanceof XRPCError && error.customErrorName === 'ConfirmationRequired'

/**
 * Does something, and shows the page as it is then: with its reason if it was refused. A dangerous step for which
 * credentials were shown too long ago leads to the page for that.
 */
export async function change(
  c: PageContext,
  page: PageName,
  work: () => string | SettingsOptions | Response | Promise<string | SettingsOptions | Response>,
): Promise<Response> {
  try {
    const result = await work()
    if (result instanceof Response) return result
    if (typeof result === 'string') return c.redirect(`${pathOf(page)}?done=${result}`, 303)
    return await showPage(c, page, result)
  } catch (error) {
    if (isConfirmationRequired(error)) return c.redirect(confirmPath(page), 303)
    const { message: alert, status } = failureOf(error)
    return c.html(await settingsPage(viewOf(c), page, { alert }), status)
  }
}
