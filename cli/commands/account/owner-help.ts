/**
 * `cumulus account reset-link alice.test` and others: what accounts otherwise do by mail, done by the operator, for
 * hosts that send none and people who get none.
 */
import type { ArgsDef } from 'citty'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { type AnyCommand, command as defined } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

const args = {
  account: { type: 'positional', required: true, description: 'Handle, DID or e-mail address' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print the answer as JSON' },
} as const satisfies ArgsDef

interface Args extends OperatorArgs {
  account: string
  json: boolean
  confirm?: string
}

type Answer = Record<string, unknown>

/** @param run asks the server, and says what to print */
const command = (
  name: string,
  description: string,
  run: (given: Args) => Promise<{ answer: Answer; text: string }>,
  more: ArgsDef = {},
): AnyCommand => {
  const all = { ...args, ...more }
  return defined({
    name,
    description: `${description}`,
    args: all,
    run: async (given) => {
      const { answer, text } = await run(given as unknown as Args)
      process.stdout.write(given.json ? `${JSON.stringify(answer)}\n` : text)
    },
  })
}

const until = ({ until: time }: Answer) =>
  `${new Date(Number(time)).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const resetLink = command(
  'reset-link',
  'Makes a link with which the owner of an account sets a new password: once, within 24 hours.',
  async (given) => {
    const { account } = given
    const answer = await askAsOperator(given, '/operator/token', {
      account,
      purpose: 'reset_password',
    })
    const { handle, url, token } = answer
    const text =
      `Sets a new password for @${handle}, once, until ${until(answer)}. Give it to nobody else.\n\n  ${url}\n\n` +
      `Or, at the link without what is behind its "#", the code: ${token}\n`
    return { answer, text }
  },
)

export const plcToken = command(
  'plc-token',
  'Makes a token for com.atproto.identity.signPlcOperation, which an app asks the owner of an account for when it moves ' +
    'to another host: good once, within 24 hours. Whoever has it and the password can take the identity away.',
  async (given) => {
    const { account } = given
    const answer = await askAsOperator(given, '/operator/token', {
      account,
      purpose: 'plc_operation',
    })
    const { handle, token } = answer
    const text = `For a change of the identity of @${handle}, once, until ${until(answer)}:\n\n  ${token}\n`
    return { answer, text }
  },
)

export const confirmAddress = command(
  'confirm-address',
  'Says that the e-mail address of an account is its owner’s, as a mailed code otherwise does.',
  async (given) => {
    const { account } = given
    const answer = await askAsOperator(given, '/operator/confirm-address', { account })
    return { answer, text: `${answer.email} is confirmed as the address of @${answer.handle}\n` }
  },
)

export const remove = command(
  'delete',
  'Deletes an account, for good: records, blobs, sign-ins and the name.',
  async (given) => {
    const { account, confirm } = given
    const { did, handle } = await askAsOperator(given, '/operator/account', { account })
    if (confirm !== handle) {
      throw new CommandError(`Nothing was deleted: add --confirm ${handle} to delete it, for good.`)
    }
    await askAsOperator(given, '/xrpc/com.atproto.admin.deleteAccount', { did })
    return { answer: { did, handle }, text: `@${handle} (${did}) is deleted\n` }
  },
  { confirm: { type: 'string', description: 'The handle of the account, once more' } },
)
