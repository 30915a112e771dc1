/** `cumulus account password alice.test`: a new password for an account. */
import { randomBytes } from 'node:crypto'
import { text as readText } from 'node:stream/consumers'
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { UsageError } from '../../terminal/errors.ts'

export default operatorCommand({
  name: 'password',
  description:
    'Sets a new password for an account, and signs it out everywhere. `account reset-link` lets its owner choose one instead.',
  args: {
    account: accountArg,
    stdin: {
      type: 'boolean',
      default: false,
      description: 'Read the password from standard input (default: one is made up and printed)',
    },
  },
  run: async ({ account, stdin, ...host }) => {
    const given = stdin ? (await readText(process.stdin)).replace(/\r?\n$/, '') : undefined
    if (given === '') throw new UsageError('there is no password on standard input')
    const password = given ?? randomBytes(12).toString('base64url')
    const { did, handle } = await askAsOperator(host, '/operator/account', { account })
    await askAsOperator(host, '/xrpc/com.atproto.admin.updateAccountPassword', { did, password })
    const shown = given === undefined ? `${password}   <- shown this once` : 'as given'
    return {
      answer: { did, handle, ...(given === undefined && { password }) },
      text: `The password of @${handle} is changed, and it is signed out everywhere.\n\npassword  ${shown}\n`,
    }
  },
})
