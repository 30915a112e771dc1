/** `cumulus doctor`: what is wrong with a host, what that means for people, and what helps. */
import type { ArgsDef } from 'citty'
import type { HostReport } from '../../src/contracts/host-report.ts'
import { findAccounts } from '../doctor/accounts.ts'
import { lookAt } from '../doctor/look.ts'
import { Outside, readAddress } from '../doctor/outside.ts'
import { countResults, fixesInWords, inWords } from '../doctor/print.ts'
import { applyFixes, diagnose, type FixOutcome } from '../doctor/run.ts'
import { type AskHost, World } from '../doctor/world.ts'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'
import { EXIT, UsageError } from '../terminal/errors.ts'
import { progress } from '../terminal/progress.ts'

const args = {
  account: {
    type: 'string',
    description: 'Look at this account only: handle, DID or e-mail address',
  },
  accounts: {
    type: 'string',
    default: '20',
    description: 'How many accounts are looked at, unless --account names one',
  },
  fix: {
    type: 'boolean',
    default: false,
    description:
      'Do what is safe: ask relays to crawl, publish handles and identities again, raise the number of the next ' +
      'event, let the network fetch repositories',
  },
  'connect-to': {
    type: 'string',
    description:
      'Reach the host and its handles at this address (192.0.2.1 or 192.0.2.1:8443), whatever DNS says: before it ' +
      'leads here, or from within its network',
  },
  json: { type: 'boolean', default: false, description: 'Print one JSON value' },
  ...operatorArgs,
} as const satisfies ArgsDef

type Args = OperatorArgs & {
  account?: string
  accounts: string
  fix: boolean
  'connect-to'?: string
  json: boolean
}

export default command({
  name: 'doctor',
  description:
    'Finds out why something does not work, from outside in. It asks DNS, the certificate, the host, the PLC ' +
    'directory, relays and the AppView, reads the firehose as a relay does, and verifies its last 100 events. ' +
    'docs/troubleshooting.md goes by symptom.',
  args,
  about:
    'EXAMPLES\n\n' +
    '  npx cumulus doctor                                  the host on this machine\n' +
    '  npx cumulus doctor --host https://pds.example.com   one elsewhere, with PDS_ADMIN_PASSWORD\n' +
    '  npx cumulus doctor --account alice.example.com      one account, and the host\n' +
    '  npx cumulus doctor --fix                            and mend what is safe to mend\n\n' +
    'It exits with 1 when an error was found; warnings and notes are no errors.',
  run: (given) => run(given),
})

async function run(given: Args): Promise<void> {
  const limit = Number(given.accounts)
  if (!Number.isSafeInteger(limit) || limit < 0) throw new UsageError('--accounts takes a number')
  const address = given['connect-to']
  const connectTo = address === undefined ? undefined : readAddress(address)
  if (address !== undefined && !connectTo) {
    throw new UsageError('--connect-to takes an address, such as 192.0.2.1:8443')
  }
  const askHost: AskHost = (path, body) => askAsOperator(given, path, body)
  const { place, reported } = await lookAt(askHost, given.host, process.env)
  const report = 'report' in reported ? reported.report : undefined
  const accounts = report ? await findAccounts(askHost, given.account, limit) : []
  const outside = new Outside({ ...(connectTo && { connectTo }) })
  // Of a host elsewhere, the settings are elsewhere.
  const smtpUrl = given.host === undefined ? process.env.PDS_EMAIL_SMTP_URL : undefined
  const world = new World({ place, reported, accounts, askHost, outside, smtpUrl })
  const shown = process.stderr.isTTY ? progress('Looking', { unit: 'checks' }) : undefined
  const { results, fixes } = await diagnose(world, () => shown?.advance())
  shown?.done(place.publicUrl)
  const outcomes = given.fix ? await applyFixes(fixes, askHost) : []
  await outside.close()
  const counts = countResults(results)
  if (given.json) {
    const { publicUrl: host } = place
    const version = report?.version ?? null
    const looked = { looked: accounts.length, all: report?.accounts.all ?? null }
    const at = new Date().toISOString()
    const fixed = { canFix: fixes.length > 0, fixed: outcomes }
    process.stdout.write(
      `${JSON.stringify({ host, version, at, accounts: looked, ...counts, ...fixed, results })}\n`,
    )
  } else {
    process.stdout.write(
      `${inWords(results)}\n${hints(report, accounts.length, given, outcomes, fixes.length)}`,
    )
  }
  if (counts.errors > 0) process.exitCode = EXIT.failed
}

function hints(
  report: HostReport | undefined,
  looked: number,
  { account, fix }: Args,
  outcomes: readonly FixOutcome[],
  fixes: number,
): string {
  const lines = [
    account === undefined &&
      report !== undefined &&
      looked < report.accounts.all &&
      `${looked} of ${report.accounts.all} accounts were looked at (--accounts, --account).`,
    fixes > 0 && !fix && 'Some of it can be mended by itself: npx cumulus doctor --fix',
    outcomes.length > 0 &&
      `\n${fixesInWords(outcomes)}\nIn some minutes, run it again to see whether it helped.`,
  ]
  return lines
    .filter((line) => line !== false)
    .map((line) => `${line}\n`)
    .join('')
}
