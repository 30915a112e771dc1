/** `npm run account -- bob.test`: makes an account on a running server, as its operator. */
import { randomBytes } from 'node:crypto'
import { type ArgsDef, defineCommand } from 'citty'
import { refuseUnknown } from '../codegen/commands/options.ts'
import { free, handles, reserve, unruled } from './account-handles.ts'
import { helpCommands } from './account-help.ts'
import { quota } from './account-quota.ts'
import { role } from './account-role.ts'
import { approve, queue, refuse } from './account-sign-ups.ts'
import { main } from './lexicons/command.ts'
import { askAsOperator, type OperatorArgs, operatorArgs, PASSWORD_SOURCES } from './operator.ts'
import { CommandError, reportErrors } from './report-errors.ts'

const args = {
  handle: { type: 'positional', required: true, description: 'Such as bob.test' },
  email: { type: 'string', description: 'E-mail address (default: none)' },
  password: { type: 'string', description: 'Its password (default: made up and printed)' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {handle, did, password} instead' },
} as const satisfies ArgsDef

const account = defineCommand({
  meta: {
    name: 'npm run account --',
    description: `Makes an account with a new did:plc on a running server, also where registration is closed. ${PASSWORD_SOURCES}`,
  },
  args,
  run: ({ args: given }) =>
    reportErrors(() => {
      refuseUnknown(given, args)
      return run(given)
    }),
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
        `or ${args.handle}.pds.example.com. For other commands see --help.`,
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

/** What else there is to do with accounts. No handle has one of these names, since it has a dot. */
const others: Readonly<Record<string, Parameters<typeof main>[1]>> = {
  quota,
  queue,
  approve,
  refuse,
  handles,
  reserve,
  free,
  default: unruled,
  role,
  ...helpCommands,
}

const [, , word = ''] = process.argv
const other = Object.hasOwn(others, word) ? others[word] : undefined
if (other) process.argv.splice(2, 1)
const about = `Also: ${Object.keys(others)
  .map((name) => `npm run account -- ${name} --help`)
  .join(', ')}`
await main(
  other ? `npm run account -- ${word}` : 'npm run account',
  other ?? account,
  other ? '' : about,
)
