/** The secrets of a host, without which its keys and sessions cannot be restored. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { keyFingerprint } from '../../src/kernel/crypto/key-fingerprint.ts'
import { DamagedFileError } from '../../src/services/backup/errors.ts'
import { type HostSecrets, secretsIn } from '../../src/services/backup/host-secrets.ts'
import { parseSecrets } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'

/**
 * Reads secrets from a file: `secrets.json` of a data folder, lines of NAME=value, or the recovery kit.
 *
 * @throws CommandError
 */
export function readSecretsFile(path: string): HostSecrets {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new CommandError(`${path} cannot be read: it should hold the secrets of the host.`)
  }
  // In the kit, a value stands below the sentence that names it.
  const kit = Object.fromEntries(
    [...text.matchAll(/\((PDS_[A-Z0-9_]+)\).*\n +(\S+)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  )
  if (!text.trimStart().startsWith('{')) return secretsIn({ ...kit, ...parseEnv(text) })
  const values = parseSecrets(text)
  if (!values) throw new CommandError(`${path} is no JSON of secrets.`)
  return secretsIn(values)
}

/** Secrets that lay in a backup, in the file `name`. @throws DamagedFileError */
export function parseHostSecrets(text: string, name: string): HostSecrets {
  const values = parseSecrets(text)
  // Each becomes one line of a file.
  const isSound = values && Object.values(values).every((value) => !/[\p{Cc}]/u.test(value ?? ''))
  if (!isSound) throw new DamagedFileError(name, 'it holds no secrets')
  return secretsIn(values)
}

/**
 * The secrets of the host with this fingerprint, as far as they are known here: from a file that was named, the
 * environment, or the data folder.
 *
 * @returns undefined where they are those of another host, or not known
 */
export function findSecrets(
  file: string | undefined,
  fingerprint: string,
  env: NodeJS.ProcessEnv = process.env,
): HostSecrets | undefined {
  const kept = join(resolve(env.PDS_DATA_DIRECTORY ?? 'data'), 'secrets.json')
  const given = file === undefined ? {} : readSecretsFile(file)
  const local = file === undefined && existsSync(kept) ? readSecretsFile(kept) : {}
  const secrets = { ...local, ...secretsIn(env), ...given }
  const isKnown = keySecretsOf(secrets).some((key) => keyFingerprint(key) === fingerprint)
  return isKnown ? secrets : undefined
}

/** What keys are encrypted with: two, while one takes the place of the other (docs/secrets.md). */
export function keySecretsOf({
  PDS_KEY_SECRET: key,
  PDS_NEXT_KEY_SECRET: next,
}: HostSecrets): string[] {
  return [key, next?.replace(/^accept:/, '')].filter((secret) => secret !== undefined)
}
