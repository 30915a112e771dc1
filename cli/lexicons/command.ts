/** What commands have in common: help, and how errors are reported. */
import { stripVTControlCharacters } from 'node:util'
import { type CommandDef, renderUsage, runCommand } from 'citty'
import { UsageError } from '../../codegen/errors.ts'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { LexiconError } from '../../src/services/lexicons/lexicon-error.ts'

/** Something went wrong that the user can do something about. Exit code 1. */
export class CommandError extends Error {
  override name = 'CommandError'
}

// biome-ignore lint/suspicious/noExplicitAny: citty's own type for a command with any arguments
type AnyCommand = CommandDef<any>

/** Runs a command as a process of its own. @param about what `--help` says below the options */
export async function main(name: string, command: AnyCommand, about: string): Promise<void> {
  const argv = process.argv.slice(2)
  if (argv.includes('--help') || argv.includes('-h')) {
    const text = `${await renderUsage(command)}\n\n${about}`.trimEnd()
    const plain = () => stripVTControlCharacters(text).replace(/ +$/gm, '')
    console.log(process.stdout.isTTY ? text : plain())
    return
  }
  try {
    await runCommand(command, { rawArgs: argv })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const isUsage = error instanceof UsageError || error.name === 'CLIError'
    if (!isUsage && !(error instanceof CommandError || error instanceof LexiconError)) throw error
    const hint = isUsage ? ' (see --help)' : ''
    // What strangers sent stays in its line.
    const keep = error instanceof LexiconError ? '' : '\n'
    console.error(
      `${name}: ${escapeControls(stripVTControlCharacters(error.message), keep)}${hint}`,
    )
    process.exitCode = isUsage ? 2 : 1
  }
}
