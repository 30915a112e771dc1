/**
 * `cumulus account reset-link alice.test` and others: what accounts otherwise do by mail, done by the operator, for
 * hosts that send none and people who get none.
 */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { CommandError } from '../../terminal/errors.ts'

const until = ({ until: time }: Record<string, unknown>) =>
  `${new Date(Number(time)).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const resetLink = operatorCommand({
  name: 'reset-link',
  description:
    'Makes a link with which the owner of an account sets a new password: once, within 24 hours.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const answer = await askAsOperator(host, '/operator/token', {
      account,
      purpose: 'reset_password',
    })
    const { handle, url, token } = answer
    const text =
      `Sets a new password for @${handle}, once, until ${until(answer)}. Give it to nobody else.\n\n  ${url}\n\n` +
      `Or, at the link without what is behind its "#", the code: ${token}\n`
    return { answer, text }
  },
})

export const plcToken = operatorCommand({
  name: 'plc-token',
  description:
    'Makes a token for com.atproto.identity.signPlcOperation, which an app asks the owner of an account for when it moves ' +
    'to another host: good once, within 24 hours. Whoever has it and the password can take the identity away.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const answer = await askAsOperator(host, '/operator/token', {
      account,
      purpose: 'plc_operation',
    })
    const { handle, token } = answer
    const text = `For a change of the identity of @${handle}, once, until ${until(answer)}:\n\n  ${token}\n`
    return { answer, text }
  },
})

export const confirmAddress = operatorCommand({
  name: 'confirm-address',
  description:
    'Says that the e-mail address of an account is its owner’s, as a mailed code otherwise does.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const answer = await askAsOperator(host, '/operator/confirm-address', { account })
    return { answer, text: `${answer.email} is confirmed as the address of @${answer.handle}\n` }
  },
})

export const remove = operatorCommand({
  name: 'delete',
  description: 'Deletes an account, for good: records, blobs, sign-ins and the name.',
  args: {
    account: accountArg,
    confirm: { type: 'string', description: 'The handle of the account, once more' },
  },
  run: async ({ account, confirm, ...host }) => {
    const { did, handle } = await askAsOperator(host, '/operator/account', { account })
    if (confirm !== handle) {
      throw new CommandError(`Nothing was deleted: add --confirm ${handle} to delete it, for good.`)
    }
    await askAsOperator(host, '/xrpc/com.atproto.admin.deleteAccount', { did })
    return { answer: { did, handle }, text: `@${handle} (${did}) is deleted\n` }
  },
})
