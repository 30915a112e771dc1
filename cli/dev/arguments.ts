/** The command line of `cumulus dev`. */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs, parseEnv } from 'node:util'
import { DEFAULT_PORT } from '../../src/kernel/config/settings.ts'
import { DEV_VARS } from '../operator/operator.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'

export interface DevArguments {
  /** The one that counts: of `--port`, PDS_PORT, .dev.vars. */
  port: number
  seed: boolean
  two: boolean
  inspectorPort: number | undefined
}

/** @throws UsageError, CommandError */
export function readArguments(args: readonly string[]): DevArguments {
  const options = {
    port: { type: 'string' },
    inspect: { type: 'string' },
    seed: { type: 'boolean' },
    two: { type: 'boolean' },
  } as const
  const { values, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const unknown = tokens.find(
    (token) => token.kind === 'positional' || (token.kind === 'option' && !(token.name in options)),
  )
  if (unknown) {
    const word = unknown.kind === 'option' ? unknown.rawName : args[unknown.index]
    throw new UsageError(
      `${word} is no option of cumulus dev (npx wrangler dev has others, and runs the host without what is around it)`,
    )
  }
  const kept = existsSync(DEV_VARS) ? parseEnv(readFileSync(DEV_VARS, 'utf8')).PDS_PORT : undefined
  const { port: asked = process.env.PDS_PORT ?? kept ?? String(DEFAULT_PORT), inspect } = values
  return {
    port: portOf(asked),
    seed: values.seed === true,
    two: values.two === true,
    inspectorPort: inspect === undefined ? undefined : portOf(inspect),
  }
}

/** @throws CommandError */
function portOf(text: string | boolean): number {
  const port = Number(text)
  if (typeof text === 'boolean' || !/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new CommandError(`The port must be a number from 1 to 65535 (it is "${text}").`)
  }
  return port
}
