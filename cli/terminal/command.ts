/** How commands of `cumulus` are defined. */
import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty'
import { refuseUnknown } from '../../codegen/commands/options.ts'
import { PASSWORD_SOURCES } from '../operator/operator.ts'
import { UsageError } from './errors.ts'

// biome-ignore lint/suspicious/noExplicitAny: citty's own type for a command with any arguments
export type AnyCommand = CommandDef<any>

/** Loads a command when it is run: most need modules that the others do not. */
export type LoadCommand = () => Promise<AnyCommand>

interface Definition<A extends ArgsDef> {
  /** As it is typed, such as `quota`. */
  name: string
  /** The first sentence stands in lists of commands, the rest in the help of this one. */
  description: string
  args: A
  /** What `--help` says below the arguments: examples, settings, exit codes. */
  about?: string
  /** Whether more arguments may follow than `args` has; they are in `_`. */
  rest?: boolean
  /** What is said to somebody who gives it other arguments. */
  refuse?: string
  run(args: ParsedArgs<A>): Promise<void> | void
}

/** What `--help` says below the arguments of a command. */
const abouts = new WeakMap<object, string>()

export const aboutOf = (command: AnyCommand): string => abouts.get(command) ?? ''

/** A command that refuses what it does not know: citty ignores it. */
export function command<const A extends ArgsDef>(definition: Definition<A>): AnyCommand {
  const { name, description, args, about, rest = false, refuse, run } = definition
  const [, first = description, more = ''] = /^(.*?\.) (.*)$/s.exec(description) ?? []
  const made = defineCommand({
    meta: { name, description: first },
    args,
    run: ({ args: given, rawArgs }) => {
      try {
        refuseUnknown(rest ? { ...given, _: [] } : given, args)
      } catch (error) {
        if (!refuse || !(error instanceof UsageError)) throw error
        throw new UsageError(`unexpected "${rawArgs.join(' ')}": ${refuse}`)
      }
      return run(given)
    },
  })
  const source = 'host' in args && 'dev' in args ? PASSWORD_SOURCES : ''
  abouts.set(made, [more, about, source].filter(Boolean).join('\n\n'))
  return made
}

/** A command that passes what it is given on to another program. */
export function rawCommand(definition: {
  name: string
  description: string
  about: string
  run(rawArgs: readonly string[]): Promise<void>
}): AnyCommand {
  const { name, description, about, run } = definition
  const made = defineCommand({ meta: { name, description }, run: ({ rawArgs }) => run(rawArgs) })
  abouts.set(made, about)
  return made
}

/** A command that has commands of its own, such as `account`. */
export const group = (
  name: string,
  description: string,
  subCommands: Readonly<Record<string, LoadCommand>>,
): AnyCommand => defineCommand({ meta: { name, description }, subCommands: { ...subCommands } })
