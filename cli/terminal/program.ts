/** Runs a program of commands: finds the command, shows help, and turns errors into sentences and exit codes. */
import { stripVTControlCharacters } from 'node:util'
import { renderUsage, runCommand } from 'citty'
import { didYouMean } from '../../codegen/did-you-mean.ts'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { type AnyCommand, aboutOf, type LoadCommand } from './command.ts'
import { EXIT, UsageError } from './errors.ts'

const EXIT_CODES = `EXIT CODES

  0  all is well          1  it failed, or something was found
  2  the command line makes no sense          130  interrupted`

/** Classes of errors whose message is for the user; others are bugs and keep their stack. By name: most are not loaded. */
const EXPECTED: ReadonlySet<string> = new Set([
  'CommandError',
  'ConfigError',
  'BundleError',
  'FirstAccountError',
  'WorkerdStartError',
  'LexiconError',
  'MoveError',
  'RemoteError',
  'TooLargeError',
])

/** Runs `argv`, the words behind the name of the program, and sets the exit code of the process. */
export async function runProgram(program: AnyCommand, argv: readonly string[]): Promise<void> {
  let path = [String((await resolved(program.meta))?.name ?? '')]
  try {
    const found = await findCommand(program, argv)
    path = found.path
    if (found.rest.some((word) => word === '--help' || word === '-h')) {
      await printHelp(found.command, path, process.stdout)
    } else if (await resolved(found.command.subCommands)) {
      await printHelp(found.command, path, process.stderr)
      process.exitCode = EXIT.usage
    } else {
      await runCommand(found.command, { rawArgs: found.rest })
    }
  } catch (error) {
    reportError(error, path.join(' '))
  }
}

/** Prints what went wrong and sets the exit code; what is no fault of the user's is thrown on. */
export function reportError(error: unknown, name: string): void {
  if (!(error instanceof Error)) throw error
  // citty does not export the class of its errors.
  const isUsage = error instanceof UsageError || error.name === 'CLIError'
  const isInterrupt = error.name === 'InterruptedError'
  if (!isUsage && !isInterrupt && !EXPECTED.has(error.name) && !isOfFiles(error)) throw error
  // What strangers sent stays in its line.
  const keep = error.name === 'LexiconError' ? '' : '\n'
  const text = escapeControls(stripVTControlCharacters(error.message), keep)
  process.stderr.write(isUsage ? `${name}: ${text} (see ${name} --help)\n` : `${text}\n`)
  process.exitCode = isUsage ? EXIT.usage : isInterrupt ? EXIT.interrupted : EXIT.failed
}

/** What the system says of files that somebody may have to mend: rights, places, room. */
const FILE_ERRORS = [
  ...['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EISDIR', 'ENOTDIR', 'ENOENT', 'ELOOP'],
  ...['ENAMETOOLONG', 'EBUSY', 'EMFILE'],
]

const isOfFiles = (error: NodeJS.ErrnoException): boolean =>
  error.syscall !== undefined && FILE_ERRORS.includes(error.code ?? '')

interface Found {
  command: AnyCommand
  /** How it was called, with the name of the program. */
  path: string[]
  /** The words behind it. */
  rest: string[]
}

/** @throws UsageError */
export async function findCommand(program: AnyCommand, argv: readonly string[]): Promise<Found> {
  let command = program
  const path = [String((await resolved(program.meta))?.name ?? '')]
  const rest = [...argv]
  while (true) {
    const below = (await resolved(command.subCommands)) as Record<string, LoadCommand> | undefined
    const [word] = rest
    if (!below || word === undefined || word.startsWith('-')) return { command, path, rest }
    const load = Object.hasOwn(below, word) ? below[word] : undefined
    if (!load) {
      throw new UsageError(
        `there is no command "${[...path.slice(1), word].join(' ')}"${didYouMean(word, Object.keys(below))}`,
      )
    }
    command = await load()
    path.push(word)
    rest.shift()
  }
}

async function printHelp(
  command: AnyCommand,
  path: readonly string[],
  out: NodeJS.WriteStream,
): Promise<void> {
  const above = path.length > 1 ? { meta: { name: path.slice(0, -1).join(' ') } } : undefined
  // Under the name by which it was called: some have two.
  const meta = { ...(await resolved(command.meta)), name: path.at(-1) ?? '' }
  const usage = await renderUsage({ ...command, meta }, above)
  const text = [usage, aboutOf(command), EXIT_CODES].filter(Boolean).join('\n\n')
  out.write(`${out.isTTY ? text : stripVTControlCharacters(text).replace(/ +$/gm, '')}\n`)
}

/** citty takes a value, a promise of it, or a function that makes it. */
async function resolved<T>(value: T | Promise<T> | (() => T | Promise<T>) | undefined) {
  return typeof value === 'function' ? (value as () => T | Promise<T>)() : value
}
