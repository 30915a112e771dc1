/** `.dev.vars`: the settings of `cumulus dev`. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseEnv } from 'node:util'
import { DEFAULT_PORT, type RawSettings } from '../../src/kernel/config/settings.ts'
import { ROOT } from '../host/bundle.ts'
import { DEV_VARS } from '../operator/operator.ts'
import { makeSecrets } from '../settings/local.ts'

/** The settings of development, made at the first start. */
export function readDevVars(): RawSettings {
  if (!existsSync(DEV_VARS)) {
    const made = Object.entries(makeSecrets({}))
    const lines = [
      '# Settings of `npm run dev`, made at its first start. docs/configuration.md lists all of them.',
      'PDS_DEV_MODE=true',
      `PDS_PORT=${DEFAULT_PORT}`,
      ...made.map(([name, value]) => `${name}=${value}`),
      `PDS_FIRST_PASSWORD=${randomBytes(24).toString('base64url')}`,
    ]
    writeFileSync(DEV_VARS, `${lines.join('\n')}\n`, { mode: 0o600 })
    process.stdout.write('+ .dev.vars\n')
  }
  return parseEnv(readFileSync(DEV_VARS, 'utf8'))
}

/** Calls `changed` when .dev.vars was written. */
export function watchSettings(changed: () => void): void {
  let last = readFileSync(DEV_VARS, 'utf8')
  watch(ROOT, (_, name) => {
    if (name !== basename(DEV_VARS) || !existsSync(DEV_VARS)) return
    const text = readFileSync(DEV_VARS, 'utf8')
    if (text !== last) changed()
    last = text
  }).unref()
}
