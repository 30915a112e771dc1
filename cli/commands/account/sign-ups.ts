/** `cumulus account queue`, `approve alice.test`, `refuse alice.test --reason "..."`: sign-ups that wait. */
import type { ArgsDef } from 'citty'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'

const queueArgs = {
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {waiting, total} instead' },
} as const satisfies ArgsDef

const account = {
  type: 'positional',
  required: true,
  description: 'Handle, DID or e-mail address',
} as const
const approveArgs = { account, ...operatorArgs } as const satisfies ArgsDef
const refuseArgs = {
  ...approveArgs,
  reason: { type: 'string', description: 'What the owner is told, on one line (default: nothing)' },
} as const satisfies ArgsDef

export const queue = command({
  name: 'queue',
  description: `Lists the sign-ups that wait for approval, the oldest hundred.`,
  args: queueArgs,
  run: (given) => list(given),
})

export const approve = command({
  name: 'approve',
  description: `Lets somebody in who waits. Their identity is published then.`,
  args: approveArgs,
  run: (given) => decide(given, '/operator/sign-ups/approve', 'approved'),
})

export const refuse = command({
  name: 'refuse',
  description: `Sends somebody away who waits, and deletes what is stored of them.`,
  args: refuseArgs,
  run: (given) => decide(given, '/operator/sign-ups/refuse', 'refused'),
})

interface Waiting {
  handle: string
  did: string
  email: string | null
  since: number
}

async function list({ json, ...args }: OperatorArgs & { json: boolean }): Promise<void> {
  const answer = await askAsOperator(args, '/operator/sign-ups', {})
  if (json) {
    process.stdout.write(`${JSON.stringify(answer)}\n`)
    return
  }
  for (const { handle, did, email, since } of answer.waiting as Waiting[]) {
    process.stdout.write(`${new Date(since).toISOString()}  ${handle}  ${email ?? '-'}  ${did}\n`)
  }
  process.stdout.write(`${String(answer.total)} wait\n`)
}

async function decide(
  { account, reason, ...args }: OperatorArgs & { account: string; reason?: string | undefined },
  path: string,
  done: string,
): Promise<void> {
  const { handle, did } = await askAsOperator(args, path, { account, reason })
  process.stdout.write(`${String(handle)} (${String(did)}) is ${done}\n`)
}
