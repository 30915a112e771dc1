/** `cumulus account role alice.test operator`: makes an account one of an operator, or takes that away. */
import type { ArgsDef } from 'citty'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

const args = {
  account: { type: 'positional', required: true, description: 'Handle, DID or e-mail address' },
  role: { type: 'positional', required: true, description: '"operator" or "none"' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {did, handle, role} instead' },
} as const satisfies ArgsDef

export default command({
  name: 'role',
  description:
    'Says that an account of a running server is an operator’s, who uses the console at /admin, or that it is not. ' +
    `It needs a passkey or an authenticator app.`,
  args,
  run: (given) => run(given),
})

async function run(
  args: OperatorArgs & { account: string; role: string; json: boolean },
): Promise<void> {
  const { account } = args
  if (args.role !== 'operator' && args.role !== 'none') {
    throw new CommandError(`The role is "operator" or "none", not "${args.role}"`)
  }
  const answer = await askAsOperator(args, '/admin/role', { account, role: args.role })
  const { did, handle, role } = answer
  process.stdout.write(
    args.json
      ? `${JSON.stringify({ did, handle, role })}\n`
      : `@${handle} (${did}) is ${role === 'operator' ? 'an operator now' : 'no operator any more'}\n`,
  )
}
