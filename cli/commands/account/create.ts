/** `cumulus account create bob.test`: makes an account on a running server, as its operator. */
import { randomBytes } from 'node:crypto'
import { operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { CommandError } from '../../terminal/errors.ts'

export default operatorCommand({
  name: 'create',
  description:
    'Makes an account with a new did:plc on a running server, also where registration is closed.',
  args: {
    handle: { type: 'positional', required: true, description: 'Such as bob.test' },
    email: { type: 'string', description: 'E-mail address (default: none)' },
    password: { type: 'string', description: 'Its password (default: made up and printed)' },
  },
  json: '{handle, did, password}',
  async run({ email, password: given, handle, ...host }) {
    if (!handle.includes('.')) {
      throw new CommandError(
        `"${handle}" is no handle: it needs one of this host's domains behind it, such as ${handle}.test on localhost, ` +
          `or ${handle}.pds.example.com.`,
      )
    }
    const password = given ?? randomBytes(12).toString('base64url')
    const input = { handle, password, ...(email && { email }) }
    const made = await askAsOperator(host, '/xrpc/com.atproto.server.createAccount', input)
    const answer = { handle: String(made.handle), did: String(made.did), password }
    const shown = given ? 'as given' : `${password}   <- shown this once, write it down`
    return { answer, text: `account   ${answer.handle} (${answer.did})\npassword  ${shown}\n` }
  },
})
