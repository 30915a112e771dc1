/** `npm run bench`: Cumulus beside the reference PDS, another checkout, or any other PDS: docs/performance.md. */
import { stripVTControlCharacters } from 'node:util'
import { type ArgsDef, defineCommand, renderUsage, runMain } from 'citty'
import { ensureBundle } from '../cli/host/bundle.ts'
import { UsageError } from '../cli/terminal/errors.ts'
import { reportError } from '../cli/terminal/program.ts'
import { FOREIGN_OPTIONS, parseAgainst } from './against.ts'
import { Cleanup } from './cleanup.ts'
import {
  covers,
  type Options,
  parsePace,
  parsePort,
  parseRows,
  parseSizes,
  ROWS,
} from './options.ts'
import { prepare } from './prepare.ts'
import { progress } from './progress.ts'

const args = {
  only: { type: 'string', description: 'Only these rows; "getRecord" also means getRecord-16' },
  quick: { type: 'boolean', description: 'A quarter of the time: 1k records, fewer rounds' },
  check: {
    type: 'boolean',
    description: 'Exits with 1 when a figure misses its aim, however sure it is',
  },
  sizes: {
    type: 'string',
    description: 'Records per repository (10k); servers of others are filled up to 10k',
  },
  accounts: {
    type: 'string',
    description: 'Accounts per host in the row "accounts" (10,1k); 10k take 2 GB of disk',
  },
  big: { type: 'boolean', description: 'Adds 1k, 100k and 1M to the sizes, 10k to the accounts' },
  seconds: { type: 'string', description: 'Least of a row and server (3; 1.5 when quick)' },
  spread: {
    type: 'string',
    default: '5',
    description: 'Rounds are repeated while figures are less sure than by so many percent',
  },
  'ours-only': { type: 'boolean', description: 'Leaves the reference out' },
  against: {
    type: 'string',
    description:
      'Instead of the reference, as often as need be: "reference", the folder of another checkout, or the URL of ' +
      'any other PDS, with the options below after it',
  },
  ...(Object.fromEntries(
    Object.entries(FOREIGN_OPTIONS).map(([name, description]) => [
      name,
      { type: 'string', description: `(after --against) ${description}` },
    ]),
  ) as Record<keyof typeof FOREIGN_OPTIONS, { type: 'string'; description: string }>),
  'plc-port': { type: 'string', description: 'Where such a PDS looks for the PLC directory' },
  profile: { type: 'string', description: 'Instead: a CPU profile of Cumulus serving that row' },
  json: { type: 'boolean', description: 'The result as JSON on stdout' },
} as const satisfies ArgsDef

const bench = defineCommand({
  meta: {
    name: 'npm run bench --',
    description:
      'Runs Cumulus on workerd and other servers, such as @atproto/pds on Node, side by side and compares them. ' +
      'The first run installs the packages of bench/ (550 MB). Exits with 1 when a row failed.\n\n' +
      `Rows: ${ROWS.join(', ')}\n\n` +
      'npm run bench -- --quick --only getRecord,createRecord\n' +
      'npm run bench -- --quick --against reference --against ../other --check\n\n' +
      'docs/performance.md has the rest: other servers, profiles, what figures mean.\n\n',
  },
  args,
  run: async ({ args, rawArgs }) => {
    try {
      refuseUnknown(rawArgs, args._)
      const { only = '', big, profile, json, check, quick = false } = args
      const { seconds = quick ? '1.5' : '3' } = args
      const { sizes = quick ? '1k' : '10k', accounts = quick ? '10,100' : '10,1k' } = args
      const given = parseAgainst(rawArgs)
      if (profile !== undefined && (given.length > 0 || check)) {
        throw new UsageError(
          `--profile is of Cumulus alone: leave ${check ? '--check' : '--against'} out`,
        )
      }
      const alone = args['ours-only'] || profile !== undefined
      const others = given.length > 0 || alone ? given : [{ kind: 'reference' } as const]
      const options: Options = {
        only: parseRows(only),
        sizes: parseSizes('sizes', big ? `${sizes},1k,100k,1M` : sizes, 200),
        accounts: parseSizes('accounts', big ? `${accounts},10k` : accounts, 2),
        pace: parsePace(seconds, args.spread, quick),
        quick,
        baselines: others,
        plcPort: parsePort(args['plc-port']),
      }
      await start(options, parseRows(profile ?? '')[0], { json, check })
    } catch (error) {
      reportError(error, 'npm run bench --')
    }
  },
})

async function start(
  options: Options,
  profiled: string | undefined,
  { json = false, check = false }: { json?: boolean | undefined; check?: boolean | undefined },
): Promise<void> {
  prepare({ reference: options.baselines.some(({ kind }) => kind === 'reference') })
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
    const isMissed = check && report.aims.count.missed > 0
    if (isMissed || report.failures.length > 0) process.exitCode = 1
  } finally {
    await cleanup.run()
  }
}

/** A misspelt option must not start a quarter of an hour of everything. */
function refuseUnknown(rawArgs: string[], positionals: string[]): void {
  const known = Object.keys(args)
  const names = rawArgs.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0] ?? '')
  const unknown = names.find((name) => !known.includes(name.slice(2)))
  if (unknown !== undefined) throw new UsageError(`there is no option ${unknown}`)
  const [word] = positionals
  if (word === undefined) return
  const isRow = ROWS.some((row) => covers(word, row))
  throw new UsageError(isRow ? `${word}: rows go behind --only` : `${word} is no option`)
}

await runMain(bench, {
  showUsage: async (command) => {
    const usage = await renderUsage(command)
    console.log(process.stdout.isTTY ? usage : stripVTControlCharacters(usage).replace(/ +$/gm, ''))
  },
})
