/** Answers from options, the environment, or whoever sits at the terminal. */
import { authorizationOf, type OperatorArgs } from '../operator/operator.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'
import { Prompts } from '../terminal/prompts.ts'
import { MoveError } from './errors.ts'
import type { Answers } from './move.ts'

export interface GivenAnswers {
  yes: boolean
  oldPassword: string | undefined
  newPassword: string | undefined
  signInCode: string | undefined
  plcCode: string | undefined
  inviteCode: string | undefined
  /** There is no old host whose password there could be. */
  offline: boolean
  /** Where an invite code can be made, if this is the operator. */
  operator: OperatorArgs
}

const OLD = '--password-file (or CUMULUS_OLD_PASSWORD)'
const NEW = '--new-password-file (or CUMULUS_NEW_PASSWORD)'

export function answersFrom(given: GivenAnswers): Answers {
  const prompts = new Prompts({ yes: given.yes })
  // Asked for once in a run.
  let { oldPassword, newPassword } = given
  const old = async () => {
    const message = 'Main password at the old host'
    oldPassword = await prompts.password({ message, flag: OLD, given: oldPassword })
    return oldPassword
  }
  return {
    oldPassword: old,
    async newPassword() {
      if (newPassword === undefined && !given.offline && !prompts.canAsk) return old()
      const same = given.offline ? '' : ' (nothing: the same as at the old one)'
      const message = `Password for the new host${same}`
      const typed = await prompts.password({ message, flag: NEW, given: newPassword })
      newPassword = typed === '' && !given.offline ? await old() : typed
      return newPassword
    },
    givenSignInCode: () => given.signInCode || undefined,
    signInCode(where) {
      const what = 'a code beside the password, mailed to you or shown by your authenticator app'
      if (!prompts.canAsk) {
        throw new MoveError(
          `${where} asks for ${what}: run the same command again on a terminal, or, for the old host, with --sign-in-code and that code. Everything so far is kept.`,
        )
      }
      return prompts.text({
        message: `${where} asks for ${what} (nothing: have another one mailed)`,
        flag: '--sign-in-code',
        given: undefined,
      })
    },
    email: () => {
      const none = given.offline
        ? ''
        : 'The old host has no e-mail address of yours, and the new one wants one'
      if (!prompts.canAsk && none) throw new UsageError(`${none}: --email is missing`)
      return prompts.text({
        message: none || 'E-mail address',
        flag: '--email',
        given: undefined,
        validate: (address) => (address.includes('@') ? undefined : 'no e-mail address'),
      })
    },
    givenIdentityCode: () => given.plcCode,
    mailedIdentityCode: (address) => {
      const where = address === undefined ? 'to you' : `to ${address}`
      if (!prompts.canAsk) {
        throw new MoveError(
          `The old host has mailed a code ${where}: run the same command again with --plc-code and that code. Everything so far is kept.`,
        )
      }
      const message = `The old host has mailed a code ${where} for the change of the identity`
      return prompts.text({ message, flag: '--plc-code', given: undefined })
    },
    givenInviteCode: () => given.inviteCode,
    inviteCode: () =>
      prompts.text({
        message: 'Invite code of the new host',
        flag: '--invite-code',
        given: undefined,
      }),
    operator() {
      try {
        return authorizationOf(given.operator)
      } catch (error) {
        // Most people who move operate no host.
        if (error instanceof CommandError) return undefined
        throw error
      }
    },
    async goOnWithout(question) {
      // It is lost for good: `--yes` alone does not say that.
      return prompts.canAsk && prompts.confirm(question, '--allow-missing-blobs')
    },
  }
}
