/** `cumulus identity handle alice.test alice.example.com`: another handle for an account. */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'

export default operatorCommand({
  name: 'handle',
  description:
    'Gives an account another handle, here and in its identity. One under a domain of somebody’s own has to lead to the ' +
    'account before (DNS, or a file at the domain).',
  args: {
    account: accountArg,
    handle: {
      type: 'positional',
      required: true,
      description: 'The new one, such as alice.example.com',
    },
  },
  run: async ({ account, handle, ...host }) => {
    const found = await askAsOperator(host, '/operator/account', { account })
    const { did } = found
    await askAsOperator(host, '/xrpc/com.atproto.admin.updateAccountHandle', { did, handle })
    return { answer: { did, handle }, text: `@${found.handle} (${did}) is @${handle} now\n` }
  },
})
