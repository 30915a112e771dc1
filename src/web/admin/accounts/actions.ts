/** What an operator does with one account: each through what the methods of the same name call. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import { quotaNames } from '../../../kernel/quota.ts'
import { checkEmail } from '../../../services/accounts/email-address.ts'
import { moment } from '../../account/time.ts'
import type { ActionInput, ActionResult, ConsoleAction, ConsoleContext } from '../page.ts'
import { ADMIN, accountPath } from '../paths.ts'
import { quotaOfForm } from './quota.ts'

const didOf = ({ c }: ActionInput): string => c.req.param('did') ?? ''

/** @param about fields of the form that are written down */
const action = (
  name: string,
  work: (did: string, input: ActionInput) => Promise<ActionResult | undefined>,
  options: Pick<ConsoleAction, 'dangerous'> & {
    confirmed?: boolean
    about?: readonly string[]
  } = {},
): ConsoleAction => ({
  name: `accounts.${name}`,
  dangerous: options.dangerous ?? options.confirmed ?? false,
  ...(options.confirmed && { confirmBy: didOf }),
  about: (input) => ({
    did: didOf(input),
    ...Object.fromEntries((options.about ?? []).map((field) => [field, input.form[field]])),
  }),
  back: (input) => accountPath(didOf(input)),
  async run(input) {
    const { did } = await input.services.accounts.get(didOf(input))
    return (await work(did, input)) ?? { to: accountPath(did), done: name }
  },
})

/** Who does it, for the moderation log. */
const byOf = (c: ConsoleContext) => ({ by: c.var.session.did })

const confirmed = { confirmed: true } as const

export const accountActions: Readonly<Record<string, ConsoleAction>> = {
  '/:did/takedown': action(
    'takedown',
    async (did, { c, form, services }) => {
      const reason = form.reason?.trim()
      if (!reason) throw new InvalidRequestError('Say why')
      const subject = { kind: 'account', did } as const
      await services.moderation.setTakedown(subject, reason.slice(0, 200), byOf(c))
      return undefined
    },
    { confirmed: true, about: ['reason'] },
  ),
  '/:did/restore': action('restore', async (did, { c, services }) => {
    await services.moderation.setTakedown({ kind: 'account', did }, null, byOf(c))
    return undefined
  }),
  '/:did/deactivate': action(
    'deactivate',
    async (did, { c, services }) => {
      await services.operator.deactivate(did, c.var.session.did)
      return undefined
    },
    confirmed,
  ),
  '/:did/activate': action('activate', async (did, { c, services }) => {
    await services.operator.activate(did, c.var.session.did)
    return undefined
  }),
  '/:did/reset-link': action(
    'reset-link',
    async (did, { services }) => {
      const { url, until } = await services.mail.handOutToken(did, 'reset_password')
      return {
        title: 'A link for a new password',
        main: html`<h1>A link for a new password</h1>
<section class="once"><p>Shown only now. It is good once, until ${moment(until)}. Give it to the owner of the account and to
nobody else.</p>
<code class="secret">${url}</code></section>
<p><a class="button second" href="${accountPath(did)}">Back to the account</a></p>`,
      }
    },
    { dangerous: true },
  ),
  '/:did/handle': action(
    'handle',
    async (did, { form, services }) => {
      await services.accounts.changeHandle(did, form.handle ?? '', { byOperator: true })
      return undefined
    },
    { dangerous: true, about: ['handle'] },
  ),
  '/:did/email': action(
    'email',
    async (did, { form, services }) => {
      await services.mail.changeAddress(did, checkEmail(form.email ?? ''))
      return undefined
    },
    { dangerous: true, about: ['email'] },
  ),
  '/:did/confirm-email': action(
    'confirm-email',
    async (did, { services }) => {
      await services.mail.confirmAddress(did)
      return undefined
    },
    { dangerous: true },
  ),
  '/:did/end-sessions': action(
    'end-sessions',
    async (did, { services }) => {
      await services.account(did).access.endSessions()
      return undefined
    },
    confirmed,
  ),
  '/:did/reset-factors': action(
    'reset-factors',
    async (did, { services }) => {
      await services.account(did).access.resetFactors()
      return undefined
    },
    confirmed,
  ),
  '/:did/rotate-key': action(
    'rotate-key',
    async (did, { services }) => {
      await services.operator.rotateKey(did)
      return undefined
    },
    confirmed,
  ),
  '/:did/announce': action('announce', async (did, { services }) => {
    await services.account(did).profile.announceIdentity()
    return undefined
  }),
  '/:did/invites': action(
    'invites',
    async (did, { form, services }) => {
      await services.directory.invites.setEarningDisabled(did, form.disabled === 'yes')
      return undefined
    },
    { about: ['disabled'] },
  ),
  '/:did/quota': action(
    'quota',
    async (did, { form, services }) => {
      await services.accounts.setQuota(did, quotaOfForm(form))
      return undefined
    },
    { about: quotaNames },
  ),
  '/:did/delete': action(
    'delete',
    async (did, { services }) => {
      await services.accounts.delete(did)
      return { to: `${ADMIN}/accounts`, done: 'deleted' }
    },
    confirmed,
  ),
}
