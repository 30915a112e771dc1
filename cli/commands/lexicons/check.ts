/** `cumulus lexicons check`: which records of a host fail a lexicon as it stands in the working tree. */
import type { ArgsDef } from 'citty'
import { jsonOption, rootOption } from '../../../codegen/commands/options.ts'
import { count, printJson, seconds } from '../../../codegen/report.ts'
import { HostClient } from '../../backup/host-client.ts'
import { type CheckResult, checkRecords } from '../../lexicons/check.ts'
import { judgeOf } from '../../lexicons/judge.ts'
import { safe } from '../../operator/command.ts'
import { authorizationOf, operatorArgs, originOf } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'
import { EXIT, UsageError } from '../../terminal/errors.ts'
import { progress } from '../../terminal/progress.ts'

const args = {
  nsid: { type: 'positional', required: true, description: 'The collection' },
  active: {
    type: 'boolean',
    description: 'Only what is public, of active accounts: needs no operator’s password',
  },
  examples: { type: 'string', default: '3', description: 'Records that are named for each reason' },
  ...operatorArgs,
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

const ABOUT = `Every record of the collection is read and held against the lexicon in lexicons/, with what it
refers to there, by the checks that a host has for writes. Nothing is written.

EXIT CODES

  0  all records pass
  1  some would be refused, or an account could not be read
  2  the command line makes no sense`

export default command({
  name: 'check',
  description: 'Say which records of a host a lexicon in the working tree would refuse',
  args,
  about: ABOUT,
  async run({ nsid, root, json, active = false, examples: wanted, ...where }) {
    const start = performance.now()
    const examples = Number(wanted)
    if (!Number.isInteger(examples) || examples < 0) {
      throw new UsageError(`--examples ${wanted}: a number from 0`)
    }
    const judge = await judgeOf(root, nsid)
    const origin = originOf(where)
    const shown = progress(nsid, { unit: 'records' })
    const result = await checkRecords({
      host: new HostClient(origin),
      operator: active ? undefined : new HostClient(origin, authorizationOf(where)),
      collection: nsid,
      judge,
      examples,
      onProgress: ({ failing }, records) => shown.advance(records, `${failing} would be refused`),
    }).catch((error: unknown) => {
      shown.failed('not all was read')
      throw error
    })
    shown.done(`${count(result.records, 'record')} of ${count(result.accounts, 'account')}`)
    if (json) printJson({ nsid, host: origin, active, ...result })
    else print(nsid, result, active, start)
    if (result.failing + result.unread.length > 0) process.exitCode = EXIT.failed
  },
})

function print(nsid: string, result: CheckResult, active: boolean, start: number): void {
  const lines: string[] = []
  for (const { reason, count: number, examples } of result.reasons) {
    lines.push(`${String(number).padStart(6)}  ${safe(reason).replaceAll('\n', ' ')}`)
    lines.push(...examples.map(({ uri }) => `        ${uri}`))
  }
  for (const { did, why } of result.unread) lines.push(`not read: ${did}: ${why}`)
  const { failing, records, accounts } = result
  const whose = `${count(accounts, active ? 'active account' : 'account')}, ${seconds(start)}`
  lines.push(
    failing === 0
      ? `${nsid}: all ${count(records, 'record')} pass (${whose})`
      : `${nsid}: ${failing} of ${count(records, 'record')} would be refused (${whose})`,
  )
  for (const line of lines) console.log(safe(line))
}
