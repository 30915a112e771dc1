/** `cumulus account create bob.test`: makes an account on a running server, as its operator. */
import { randomBytes } from 'node:crypto'
import type { ArgsDef } from 'citty'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

const args = {
  handle: { type: 'positional', required: true, description: 'Such as bob.test' },
  email: { type: 'string', description: 'E-mail address (default: none)' },
  password: { type: 'string', description: 'Its password (default: made up and printed)' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {handle, did, password} instead' },
} as const satisfies ArgsDef

export default command({
  name: 'create',
  description:
    'Makes an account with a new did:plc on a running server, also where registration is closed.',
  args,
  run: (given) => run(given),
})

interface Args extends OperatorArgs {
  handle: string
  email?: string
  password?: string
  json: boolean
}

async function run({ email, json, ...args }: Args): Promise<void> {
  if (!args.handle.includes('.')) {
    throw new CommandError(
      `"${args.handle}" is no handle: it needs one of this host's domains behind it, such as ${args.handle}.test on localhost, ` +
        `or ${args.handle}.pds.example.com.`,
    )
  }
  const password = args.password ?? randomBytes(12).toString('base64url')
  const input = { handle: args.handle, password, ...(email && { email }) }
  const answer = await askAsOperator(args, '/xrpc/com.atproto.server.createAccount', input)
  const made = { handle: String(answer.handle), did: String(answer.did), password }
  process.stdout.write(
    json
      ? `${JSON.stringify(made)}\n`
      : `account   ${made.handle} (${made.did})\n` +
          `password  ${args.password ? 'as given' : `${password}   <- shown this once, write it down`}\n`,
  )
}
