/** `npm run bench`: Cumulus beside the reference PDS, or another checkout: docs/performance.md. */
import { resolve } from 'node:path'
import { defineCommand, runMain } from 'citty'
import { ensureBundle } from '../cli/host/bundle.ts'
import { CommandError } from '../cli/terminal/errors.ts'
import { reportError } from '../cli/terminal/program.ts'
import { Cleanup } from './cleanup.ts'
import { type Options, parseRows, parseSizes, ROWS } from './options.ts'
import { prepare } from './prepare.ts'
import { progress } from './progress.ts'

const bench = defineCommand({
  meta: {
    name: 'npm run bench --',
    description:
      'Runs Cumulus on workerd and @atproto/pds on Node side by side and compares them. ' +
      `Exits with 1 when a target was missed or a row failed.\n\nRows: ${ROWS.join(', ')}\n\n`,
  },
  args: {
    only: { type: 'string', description: 'Only these rows; "getRecord" also means getRecord-16' },
    sizes: {
      type: 'string',
      default: '1k,10k,100k',
      description: 'Records per repository; the reference is filled up to 10k',
    },
    accounts: {
      type: 'string',
      default: '10,1k,10k',
      description: 'Accounts per host in the row "accounts"; 10k take 2 GB of disk',
    },
    big: { type: 'boolean', description: 'Adds 1M to the sizes' },
    seconds: { type: 'string', default: '3', description: 'Measured seconds per row and server' },
    'ours-only': { type: 'boolean', description: 'Leaves the reference out' },
    against: {
      type: 'string',
      description: 'Folder of another checkout, instead of the reference',
    },
    profile: { type: 'string', description: 'Instead: a CPU profile of Cumulus serving that row' },
    json: { type: 'boolean', description: 'The result as JSON on stdout' },
  },
  run: async ({ args, rawArgs }) => {
    try {
      refuseUnknown(rawArgs, args._)
      const { only = '', sizes, accounts, big, against, profile, json } = args
      const seconds = Number(args.seconds)
      if (!(seconds > 0)) throw new CommandError(`--seconds ${args.seconds} is not a time`)
      const alone = args['ours-only'] || profile
      const baseline = against ? { checkout: resolve(against) } : alone ? undefined : 'reference'
      const options: Options = {
        only: parseRows(only),
        sizes: parseSizes('sizes', big ? `${sizes},1M` : sizes, 200),
        accounts: parseSizes('accounts', accounts, 2),
        seconds,
        baseline,
      }
      await start(options, parseRows(profile ?? '')[0], json)
    } catch (error) {
      reportError(error, 'npm run bench --')
    }
  },
})

async function start(options: Options, profiled: string | undefined, json = false): Promise<void> {
  prepare({ reference: options.baseline === 'reference' })
  ensureBundle(() => progress('building the bundle ...'))
  const cleanup = new Cleanup()
  try {
    // Loaded now, because they need the packages that `prepare` has installed.
    if (profiled !== undefined) {
      const { profile } = await import('./profile.ts')
      return await profile(profiled, options, cleanup)
    }
    const { run } = await import('./run.ts')
    const report = await run(options, cleanup)
    if (cleanup.interrupted) return
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : report.text()}\n`)
    if (!report.passed) process.exitCode = 1
  } finally {
    await cleanup.run()
  }
}

/** A misspelt option must not start a quarter of an hour of everything. */
function refuseUnknown(rawArgs: string[], positionals: string[]): void {
  const known = Object.keys(bench.args ?? {})
  const names = rawArgs.filter((arg) => arg.startsWith('-')).map((arg) => arg.split('=')[0] ?? '')
  const unknown = [...names.filter((name) => !known.includes(name.slice(2))), ...positionals]
  if (unknown.length > 0) throw new CommandError(`there is no option ${unknown[0]} (see --help)`)
}

await runMain(bench)
