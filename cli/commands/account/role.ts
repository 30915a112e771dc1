/** `cumulus account role alice.test operator`: makes an account one of an operator, or takes that away. */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { CommandError } from '../../terminal/errors.ts'

export default operatorCommand({
  name: 'role',
  description:
    'Says that an account of a running server is an operator’s, who uses the console at /admin, or that it is not. ' +
    `It needs a passkey or an authenticator app.`,
  args: {
    account: accountArg,
    role: { type: 'positional', required: true, description: '"operator" or "none"' },
  },
  json: '{did, handle, role}',
  async run({ account, role: wanted, ...host }) {
    if (wanted !== 'operator' && wanted !== 'none') {
      throw new CommandError(`The role is "operator" or "none", not "${wanted}"`)
    }
    const { did, handle, role } = await askAsOperator(host, '/admin/role', {
      account,
      role: wanted,
    })
    const is = role === 'operator' ? 'an operator now' : 'no operator any more'
    return { answer: { did, handle, role }, text: `@${handle} (${did}) is ${is}\n` }
  },
})
