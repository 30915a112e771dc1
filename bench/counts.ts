/** Options of the small programs of the benchmark, which take counts and lists of them only. */
import { parseArgs } from 'node:util'

/** What one option is for, and what it is unless given: a count, or counts with commas between them. */
export interface Option {
  about: string
  unless: string
}

/**
 * Reads the command line. `--help` is answered here, and ends the program; what makes no sense ends it with 2, as elsewhere.
 *
 * @param usage how the program is called
 * @param about what it does, and what it takes
 * @returns the counts of each option, one or more
 */
export function readCounts<Name extends string>(
  usage: string,
  about: string,
  options: Record<Name, Option>,
  args: readonly string[] = process.argv.slice(2),
): Record<Name, [number, ...number[]]> {
  const names = Object.keys(options) as Name[]
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
      },
    })
    if (values.help === true) {
      process.stdout.write(helpOf(usage, about, options))
      process.exit(0)
    }
    const given: Record<string, string | boolean | undefined> = values
    const read = names.map((name) => [name, counts(name, given[name] ?? options[name].unless)])
    return Object.fromEntries(read) as Record<Name, [number, ...number[]]>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!(error instanceof OptionError) && !code?.startsWith('ERR_PARSE_ARGS')) throw error
    process.stderr.write(`${message}\n\n${helpOf(usage, about, options)}`)
    process.exit(2)
  }
}

/** An option that is no count. */
class OptionError extends Error {
  override name = 'OptionError'
}

function counts(name: string, value: unknown): [number, ...number[]] {
  const text = String(value)
  if (!/^\d{1,12}(,\d{1,12})*$/.test(text))
    throw new OptionError(`--${name} takes counts, not ${text}`)
  return text.split(',').map(Number) as [number, ...number[]]
}

function helpOf(usage: string, about: string, options: Record<string, Option>): string {
  const lines = Object.entries<Option>(options).map(
    ([name, { about, unless }]) => `  --${name.padEnd(10)} ${about} (default: ${unless})\n`,
  )
  return `${about}\n\nUSAGE ${usage}\n\n${lines.join('')}${lines.length > 0 ? '\n' : ''}`
}
