/** The provider's AccountStore, second half: what owners change on the account pages. */
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore } from '@atproto/oauth-provider/store'
import { currentRequest } from '../../context/current-request.ts'
import type { Services } from '../../context/services.ts'
import { typedText } from '../../kernel/typed-text.ts'
import { assertLastingEmail } from '../../services/accounts/disposable-email.ts'
import { checkEmail } from '../../services/accounts/email-address.ts'
import { checkPassword } from '../../services/accounts/passwords.ts'
import { checkMainPassword } from '../sign-in.ts'
import { findAccount } from './account-view.ts'
import { mustFind } from './accounts.ts'
import { toOAuthErrors } from './errors.ts'

export const accountChanges = (services: Services) => {
  /** Changes an account, and returns it as it is then. */
  const change = async (did: string, work: () => Promise<void>): Promise<Account> => {
    await toOAuthErrors(work)
    services.accounts.invalidate(did)
    return mustFind(services, did)
  }
  return {
    /** Nobody learns from the answer whether there is an account with this address. */
    async resetPasswordRequest({ email, locale }) {
      const typed = typedText(email).toLowerCase()
      await toOAuthErrors(() => services.mail.assertMayAsk(typed))
      const account = await services.directory.accounts.find('email', typed)
      if (!account) return null
      currentRequest().waitUntil(
        services.mail
          .sendToken(account.did, 'reset_password', locale)
          .catch((error: unknown) =>
            services.log.error('mailing a token for a new password failed', error),
          ),
      )
      return findAccount(services, account.did)
    },
    async resetPasswordConfirm({ token, password }) {
      return toOAuthErrors(async () => {
        const did = await services.mail.resetPassword(token, checkPassword(password))
        return findAccount(services, did)
      })
    },
    async updateEmailRequest({ did, locale }) {
      return toOAuthErrors(async () => {
        const { emailConfirmedAt } = await services.mail.readAddress(did)
        const tokenRequired = emailConfirmedAt !== null
        if (tokenRequired) await services.mail.sendToken(did, 'update_email', locale)
        return { tokenRequired }
      })
    },
    async updateEmailConfirm({ did, token, email }) {
      return change(did, async () => {
        const checked = checkEmail(email)
        await assertLastingEmail(checked, services.config)
        const { emailConfirmedAt } = await services.mail.readAddress(did)
        const isConfirmed = emailConfirmedAt !== null
        if (isConfirmed && !token) throw new InvalidRequestError('Confirmation code required')
        await services.mail.changeAddress(did, checked, isConfirmed ? token : undefined)
        if (!services.mail.sends) return
        currentRequest().waitUntil(
          services.mail
            .sendToken(did, 'confirm_email')
            .catch((error: unknown) =>
              services.log.error('mailing a token to a new address failed', error),
            ),
        )
      })
    },
    async verifyEmailRequest({ did, locale }) {
      await toOAuthErrors(() => services.mail.sendToken(did, 'confirm_email', locale))
    },
    async verifyEmailConfirm({ did, token, email }) {
      return change(did, async () => {
        const typed = typedText(email).toLowerCase()
        const account = await services.mail.readAddress(did)
        if (account.email !== typed) throw new InvalidRequestError('Invalid email')
        await services.mail.consumeToken('confirm_email', token, did)
        const confirmed = await services.account(did).email.confirm(typed)
        if (!confirmed) throw new InvalidRequestError('Invalid email')
      })
    },
    async updateHandle({ did, handle }) {
      return change(did, () => services.accounts.changeHandle(did, handle))
    },
    async deactivateAccount({ did, deleteAfter }) {
      return change(did, async () => {
        await services.account(did).lifecycle.deactivate(deleteAfter ?? null)
        await services.accounts.revokeDelegations(did)
      })
    },
    async reactivateAccount({ did }) {
      return change(did, async () => {
        await services.accounts.assertIdentity(did)
        await services.account(did).lifecycle.activate()
      })
    },
    async deleteAccountRequest({ did, locale }) {
      await toOAuthErrors(() => services.mail.sendToken(did, 'delete_account', locale))
    },
    async deleteAccountConfirm({ did, token, password }) {
      await toOAuthErrors(async () => {
        await checkMainPassword(services, did, password)
        await services.mail.findToken('delete_account', token, did)
        // Its tokens go with it.
        await services.accounts.delete(did)
      })
    },
  } satisfies Partial<AccountStore>
}
