/** E-mail address, handle and identity of an account. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { typedText } from '../../../kernel/typed-text.ts'
import { assertLastingEmail } from '../../../services/accounts/disposable-email.ts'
import { checkEmail } from '../../../services/accounts/email-address.ts'
import { accountOf, assertFresh, change, tell } from '../change.ts'
import { field } from '../form.ts'
import { limitHandles, limitMails, limitSignIn } from '../limits.ts'
import type { PageEnv } from '../page-env.ts'

export const identity = new Hono<PageEnv>()
  .post('/email/mail-confirmation', (c) =>
    change(c, 'email', async () => {
      await limitMails(c)
      await c.env.services.mail.sendToken(c.var.session.did, 'confirm_email')
      return 'code-mailed'
    }),
  )
  .post('/email/confirm', (c) =>
    change(c, 'email', async () => {
      const { mail } = c.env.services
      const { did } = c.var.session
      await limitSignIn(c, did)
      const { email } = await mail.readAddress(did)
      await mail.consumeToken('confirm_email', await field(c, 'code'), did)
      const isConfirmed = email !== null && (await accountOf(c).email.confirm(email))
      if (!isConfirmed) throw new InvalidRequestError('The address has changed meanwhile')
      return 'email-confirmed'
    }),
  )
  .post('/email/mail-change', (c) =>
    change(c, 'email', async () => {
      await limitMails(c)
      await c.env.services.mail.sendToken(c.var.session.did, 'update_email')
      return 'code-mailed'
    }),
  )
  .post('/email/sign-ins', (c) =>
    change(c, 'email', async () => {
      const on = (await field(c, 'on')) === 'yes'
      await c.env.services.directory.mails.setSignInMails(c.var.session.did, on)
      return on ? 'sign-in-mails-on' : 'sign-in-mails-off'
    }),
  )
  .post('/email/change', (c) =>
    change(c, 'email', async () => {
      await assertFresh(c)
      const { mail, log, config } = c.env.services
      const { did } = c.var.session
      await limitSignIn(c, did)
      const email = checkEmail(await field(c, 'email'))
      const { email: before, emailConfirmedAt } = await mail.readAddress(did)
      if (email !== before) await assertLastingEmail(email, config)
      const code = emailConfirmedAt === null ? undefined : await field(c, 'code')
      await mail.changeAddress(did, email, code)
      if (!mail.sends) return 'email-changed-unmailed'
      await mail
        .sendToken(did, 'confirm_email')
        .catch((error: unknown) => log.error('mailing a token to a new address failed', error))
      return 'email-changed'
    }),
  )
  .post('/handle', (c) =>
    change(c, 'handle', async () => {
      await assertFresh(c)
      await limitHandles(c)
      const name = typedText(await field(c, 'name'))
      const typed = name === '' ? await field(c, 'handle') : name + (await field(c, 'domain'))
      const handle = typedText(typed).replace(/^@/, '')
      await c.env.services.accounts.changeHandle(c.var.session.did, handle)
      return 'handle-changed'
    }),
  )
  .post('/identity/recovery-key', (c) =>
    change(c, 'identity', async () => {
      await assertFresh(c)
      await limitHandles(c)
      if ((await field(c, 'kept')) === '') {
        throw new InvalidRequestError('Keep the private key first: nobody can give it to you again')
      }
      const { did } = c.var.session
      const key = typedText(await field(c, 'key'))
      await c.env.services.accounts.addRecoveryKey(did, key)
      tell(c, { kind: 'recovery key added', key })
      return 'recovery-key-added'
    }),
  )
