/** The command line of the generator: lexicons in, a typed server out. */
import { stripVTControlCharacters } from 'node:util'
import { type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { generateArgs } from './commands/generate.ts'
import { didYouMean } from './did-you-mean.ts'
import { EXIT, UsageError } from './errors.ts'
import { escapeControls } from './escape-controls.ts'

// biome-ignore lint/suspicious/noExplicitAny: citty's own type for a command with any arguments
type AnyCommand = CommandDef<any>

const subCommands: Record<string, () => Promise<AnyCommand>> = {
  generate: () => import('./commands/generate.ts').then((module) => module.default),
  import: () => import('./commands/import.ts').then((module) => module.default),
  new: () => import('./commands/new.ts').then((module) => module.default),
  status: () => import('./commands/status.ts').then((module) => module.default),
  client: () => import('./commands/client.ts').then((module) => module.default),
  openapi: () => import('./commands/openapi.ts').then((module) => module.default),
  diff: () => import('./commands/diff.ts').then((module) => module.default),
  rename: () => import('./commands/rename.ts').then((module) => module.default),
  scopes: () => import('./commands/scopes.ts').then((module) => module.default),
}

const codegen = defineCommand({
  meta: { name: 'codegen', description: 'Generate a typed XRPC server from lexicons' },
  args: generateArgs,
  default: 'generate',
  subCommands,
})

const EXIT_CODES = `EXIT CODES

  0  all is well
  1  errors were found, files differ (--check), or a change breaks others (diff)
  2  the command line makes no sense`

/** Runs a command; `argv` is without the program's name. Sets the exit code. */
export async function runCodegen(argv: string[]): Promise<void> {
  const name = argv.find((argument) => !argument.startsWith('-'))
  if (argv.includes('--help') || argv.includes('-h')) {
    const command = name === undefined ? undefined : await subCommands[name]?.()
    const usage = command ? await renderUsage(command, codegen) : await renderUsage(codegen)
    print(`${usage}\n\n${EXIT_CODES}`)
    return
  }
  try {
    await runCommand(codegen, { rawArgs: argv })
  } catch (error) {
    if (error instanceof UsageError || isCittyError(error)) {
      const unknown = isCittyError(error) && error.code === 'E_UNKNOWN_COMMAND' && name
      const hint = unknown ? didYouMean(unknown, Object.keys(subCommands)) : ''
      console.error(
        `codegen: ${escapeControls(stripVTControlCharacters(error.message), '\n')}${hint} (see --help)`,
      )
      process.exitCode = EXIT.usage
    } else {
      throw error
    }
  }
}

/** citty does not export the class of its errors. */
const isCittyError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && error.name === 'CLIError'

const print = (text: string): void =>
  console.log(process.stdout.isTTY ? text : stripVTControlCharacters(text))
