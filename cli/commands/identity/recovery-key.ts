/** `cumulus identity recovery-key`: keys with which owners undo what the host signs. */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askIdentity, ownerOf } from '../../operator/identity.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { group } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

const list = operatorCommand({
  name: 'list',
  description:
    'Lists the keys that may change an identity, the strongest first, and whose they are.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const identity = await askIdentity(host, account)
    const { plc, did } = identity
    if (!plc)
      throw new CommandError(
        `${did} has no rotation keys: whoever has the domain has the identity.`,
      )
    if ('error' in plc) throw new CommandError(`The PLC directory does not answer: ${plc.error}`)
    const keys = plc.rotationKeys.map((key) => ({ key, owner: ownerOf(identity, key) }))
    const lines = keys.map(({ key, owner }, place) => `${place + 1}. ${key}  ${owner}\n`)
    return { answer: { did, keys }, text: lines.join('') }
  },
})

const add = operatorCommand({
  name: 'add',
  description:
    'Puts a key of the owner’s above that of the host. With it they undo, for 72 hours, what the host has signed, and take ' +
    'the identity elsewhere when the host is gone. The host sees the public key only.',
  args: {
    account: accountArg,
    key: { type: 'positional', required: true, description: 'The public key, did:key:…' },
  },
  about: 'On the page “Identity” of /settings, owners make such a key in their browser.',
  run: async ({ account, key, ...host }) => {
    const answer = await askAsOperator(host, '/operator/identity/recovery-key', { account, key })
    return { answer, text: `${key} stands above the key of the host now, for @${answer.handle}\n` }
  },
})

export default group('recovery-key', 'Keys with which owners undo what the host signs', {
  list: async () => list,
  add: async () => add,
})
