/** `cumulus logs`: the log of a host, from where its platform keeps it. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ArgsDef } from 'citty'
import { placesInWords } from '../host/log-text.ts'
import { runWrangler } from '../host/wrangler.ts'
import { isWanted, type LineFilter } from '../logs/filter.ts'
import { findLog } from '../logs/source.ts'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'
import { CommandError, EXIT, UsageError } from '../terminal/errors.ts'

const args = {
  follow: {
    type: 'boolean',
    default: false,
    alias: 'f',
    description: 'Go on as lines come, until Ctrl-C',
  },
  level: { type: 'string', default: 'info', valueHint: 'info|error', description: 'What is shown' },
  account: {
    type: 'string',
    description: 'Only lines about this account: handle, DID or e-mail address',
  },
  lines: {
    type: 'string',
    default: '1000',
    description: 'How many of the last lines are looked at',
  },
  raw: {
    type: 'boolean',
    default: false,
    description: 'Lines as they are, JSON; so it is without a terminal',
  },
  unit: { type: 'string', default: 'cumulus', description: 'Name of the systemd unit' },
  container: { type: 'string', default: 'cumulus', description: 'Name of the Docker container' },
  file: { type: 'string', description: 'A file to which the log is written' },
  cloudflare: {
    type: 'boolean',
    default: false,
    description: 'The host is on Cloudflare: shows what happens from now on (wrangler tail)',
  },
  ...operatorArgs,
} as const satisfies ArgsDef

type Args = OperatorArgs & {
  follow: boolean
  level: string
  account?: string
  lines: string
  raw: boolean
  unit: string
  container: string
  file?: string
  cloudflare: boolean
}

export default command({
  name: 'logs',
  description:
    'Shows the log of a host. It keeps none itself: this asks systemd or Docker, or reads a file; on Cloudflare, wrangler.',
  args,
  about:
    'EXAMPLES\n\n' +
    '  npx cumulus logs --follow\n' +
    '  npx cumulus logs --level error\n' +
    '  npx cumulus logs --account alice.example.com\n' +
    '  npx cumulus logs --cloudflare',
  run: (given) => run(given),
})

async function run(given: Args): Promise<void> {
  const { level, account, file, unit, container, follow } = given
  if (level !== 'info' && level !== 'error') throw new UsageError('--level takes info or error')
  const lines = Number(given.lines)
  if (!Number.isSafeInteger(lines) || lines < 1) throw new UsageError('--lines takes a number')
  if (given.cloudflare) {
    const search = account === undefined ? [] : ['--search', account]
    const errors = level === 'error' ? ['--status', 'error'] : []
    const { code } = await runWrangler(['tail', ...search, ...errors], { interactive: true })
    process.exitCode = code
    return
  }
  const source = findLog({ follow, lines, file, unit, container })
  const names = account === undefined ? [] : await namesOf(given, account)
  if (process.stderr.isTTY) process.stderr.write(`From ${source.what}\n`)
  await show(source, { level, names }, given.raw || !process.stdout.isTTY)
}

/** An account is in the log by its DID, in paths also by its handle. */
async function namesOf(given: Args, account: string): Promise<string[]> {
  if (account.startsWith('did:')) return [account]
  const { did, handle } = await askAsOperator(given, '/operator/account', { account })
  return [String(did), String(handle)]
}

/** @throws CommandError where the program that has the log fails */
async function show(
  { program, args, what }: { program: string; args: readonly string[]; what: string },
  filter: LineFilter,
  isRaw: boolean,
): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  let wasEnded = false
  const end = () => {
    wasEnded = true
    child.kill()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end)
  // Who reads this may have seen enough (`| head`).
  process.stdout.once('error', end)
  let problem = ''
  const inWords = placesInWords()
  const write = (line: string) => {
    if (isWanted(line, filter)) process.stdout.write(`${isRaw ? line : inWords(line)}\n`)
  }
  createInterface({ input: child.stdout }).on('line', write)
  // A container's log comes on both; of others, it is what went wrong.
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (program === 'docker' && line.startsWith('{')) write(line)
    else problem = `${problem}${line}\n`.slice(-2_000)
  })
  const code = await ended
  if (wasEnded) process.exitCode = EXIT.ok
  else if (code !== 0) throw new CommandError(`${what} cannot be read: ${problem.trim()}`)
}
