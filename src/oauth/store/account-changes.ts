/** The provider's AccountStore, second half: what owners change on the account pages. */
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore } from '@atproto/oauth-provider/store'
import type { App } from '../../app.ts'
import { currentApp } from '../../server/current-request.ts'
import { changeHandle } from '../../services/accounts/change-handle.ts'
import { checkEmail } from '../../services/accounts/email-address.ts'
import { endDelegations } from '../../services/accounts/end-delegations.ts'
import { assertIdentity } from '../../services/accounts/identity-check.ts'
import { checkPassword } from '../../services/accounts/passwords.ts'
import { changeAddress, readAddress } from '../../services/mail/address.ts'
import { consumeToken, sendToken } from '../../services/mail/tokens.ts'
import { unwrap } from '../../services/objects/result.ts'
import { checkMainPassword } from '../sign-in.ts'
import { findAccount } from './account-view.ts'
import { mustFind } from './accounts.ts'
import { inOAuthWords } from './errors.ts'

/** Does something in the name of an account, and shows the account as it is then. */
async function change(did: string, work: (app: App) => Promise<void>): Promise<Account> {
  const app = currentApp()
  await inOAuthWords(() => work(app))
  app.forget(did)
  return mustFind(app, did)
}

export const accountChanges = {
  /** Nobody learns from the answer whether there is an account with this address. */
  async resetPasswordRequest({ email }) {
    const app = currentApp()
    const resident = await app.directory.find('email', email.trim().toLowerCase())
    if (!resident) return null
    app.later(
      sendToken(app, resident.did, 'reset_password').catch((error: unknown) =>
        app.log.error('mailing a token for a new password failed', error),
      ),
    )
    return findAccount(app, resident.did)
  },
  async resetPasswordConfirm({ token, password }) {
    const app = currentApp()
    return inOAuthWords(async () => {
      const checked = checkPassword(password)
      const did = await consumeToken(app, 'reset_password', token)
      unwrap(await app.account(did).setPassword(checked))
      return findAccount(app, did)
    })
  },
  async updateEmailRequest({ did }) {
    const app = currentApp()
    return inOAuthWords(async () => {
      const { emailConfirmedAt } = await readAddress(app, did)
      const tokenRequired = emailConfirmedAt !== null
      if (tokenRequired) await sendToken(app, did, 'update_email')
      return { tokenRequired }
    })
  },
  async updateEmailConfirm({ did, token, email }) {
    return change(did, async (app) => {
      const checked = checkEmail(email)
      const { emailConfirmedAt } = await readAddress(app, did)
      const isConfirmed = emailConfirmedAt !== null
      if (isConfirmed && !token) throw new InvalidRequestError('Confirmation code required')
      await changeAddress(app, did, checked, isConfirmed ? token : undefined)
      app.later(
        sendToken(app, did, 'confirm_email').catch((error: unknown) =>
          app.log.error('mailing a token to a new address failed', error),
        ),
      )
    })
  },
  async verifyEmailRequest({ did }) {
    await inOAuthWords(() => sendToken(currentApp(), did, 'confirm_email'))
  },
  async verifyEmailConfirm({ did, token, email }) {
    return change(did, async (app) => {
      const typed = email.trim().toLowerCase()
      const account = await readAddress(app, did)
      if (account.email !== typed) throw new InvalidRequestError('Invalid email')
      await consumeToken(app, 'confirm_email', token, did)
      const confirmed = unwrap(await app.account(did).confirmEmail(typed))
      if (!confirmed) throw new InvalidRequestError('Invalid email')
    })
  },
  async updateHandle({ did, handle }) {
    return change(did, (app) => changeHandle(app, did, handle))
  },
  async deactivateAccount({ did, deleteAfter }) {
    return change(did, async (app) => {
      unwrap(await app.account(did).deactivate(deleteAfter ?? null))
      await endDelegations(app, did)
    })
  },
  async reactivateAccount({ did }) {
    return change(did, async (app) => {
      await assertIdentity(app, did)
      unwrap(await app.account(did).activate())
    })
  },
  async deleteAccountRequest({ did }) {
    await inOAuthWords(() => sendToken(currentApp(), did, 'delete_account'))
  },
  async deleteAccountConfirm({ did, token, password }) {
    const app = currentApp()
    await inOAuthWords(async () => {
      await checkMainPassword(app, did, password)
      await consumeToken(app, 'delete_account', token, did)
      unwrap(await app.account(did).destroy())
      await app.directory.remove(did)
    })
    app.forget(did)
  },
} satisfies Partial<AccountStore>
