/** Sets up a host on this machine: a data folder with its secrets, and `pds.env` with its settings. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { isLoopback } from '../../src/kernel/loopback.ts'
import { withSettingsLock } from '../host/folder-lock.ts'
import { createFileSafely, writeFileSafely } from '../host/safe-file.ts'
import { envFileText, readEnvFile, writeEnvFile } from '../settings/env-file.ts'
import { holdsData, readLocalSettings } from '../settings/local.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'
import type { Answers } from './questions.ts'
import {
  handOutKit,
  type KitOptions,
  kitFingerprint,
  makeRecoveryKey,
  readRecoveryKey,
  recoveryKeyFor,
} from './recovery-kit.ts'
import { settingsOf, withAnswers } from './settings.ts'

/** Private half of a recovery key whose owner has not shown yet to have it; 64 hex digits. */
const PENDING = 'recovery-key.pending'

/** Fingerprint of the keys that the owner has shown to have a kit of. */
const PROVEN = 'recovery-kit.proven'

export interface SetUp {
  /** Files that were written. */
  files: string[]
  /** Where the recovery kit went; undefined: there was one already, or it takes none. */
  recoveryKit: string | undefined
}

export interface MachineOptions {
  envFile: string
  kit: KitOptions
  /** What `pds.env` says now. */
  before: RawSettings
  /** What the environment says besides, which goes before. */
  outside: RawSettings
  /** Whether the person has named the host in this run. */
  isNamed: boolean
}

/**
 * Does it, or goes on where an earlier run was ended. Secrets and settings that are there stay.
 *
 * @throws CommandError, ConfigError, UsageError, InterruptedError
 */
export async function setUpMachine(
  answers: Answers,
  options: MachineOptions,
  prompts: Prompts,
): Promise<SetUp> {
  const { before, outside, envFile } = options
  const { data } = answers
  refuseOtherName(answers, options)
  const given: RawSettings = { ...withAnswers(before, answers), PDS_DATA_DIRECTORY: data }
  // Another folder than before is a choice, and gets its own.
  if (resolve(before.PDS_DATA_DIRECTORY ?? '') !== resolve(data)) delete given.PDS_KEYS_EXIST
  refuseOverridden({ ...settingsOf(answers), PDS_DATA_DIRECTORY: data }, outside)
  // What cannot be written is to be known before there is a kit.
  envFileText(envFile, given)
  const { dataDirectory, raw: secrets } = readLocalSettings({ ...given, ...outside })
  return withSettingsLock(dataDirectory, () =>
    withKit(answers, { ...options, dataDirectory, secrets }, prompts),
  )
}

/** Nobody else does this now. */
async function withKit(
  answers: Answers,
  options: MachineOptions & { dataDirectory: string; secrets: RawSettings },
  prompts: Prompts,
): Promise<SetUp> {
  const { outside, envFile, kit, dataDirectory, secrets } = options
  const { hostname, data } = answers
  // Once more: another run may have ended since.
  const before = readEnvFile(envFile)
  const merged: RawSettings = {
    ...withAnswers(before, answers),
    PDS_DATA_DIRECTORY: data,
    // What is tried out on this machine may be thrown away.
    PDS_KEYS_EXIST: isLoopback(hostname) ? undefined : 'true',
  }
  const files = [join(dataDirectory, 'secrets.json'), envFile]
  const [pending, proven] = [join(dataDirectory, PENDING), join(dataDirectory, PROVEN)]
  const { PDS_RECOVERY_DID_KEY: recoverySet } = { ...merged, ...outside }
  const fingerprint = kitFingerprint(secrets)
  if (isLoopback(hostname) || (recoverySet && textIn(proven) === fingerprint)) {
    writeEnvFile(envFile, merged)
    // An earlier run was ended right before this; where there is no kit, the key is still nobody's.
    if (recoverySet) rmSync(pending, { force: true })
    return { files, recoveryKit: undefined }
  }
  if (!recoverySet) createFileSafely(pending, `${makeRecoveryKey().privateKey}\n`)
  const kept = textIn(pending)
  const recoveryKey = recoveryKeyFor(
    recoverySet,
    kept === undefined ? undefined : readRecoveryKey(kept, pending),
  )
  const recoveryKit = await handOutKit(
    { hostname, secrets, recoveryKey },
    { ...kit, notIn: [dataDirectory, envFile] },
    prompts,
  )
  writeEnvFile(envFile, { ...merged, PDS_RECOVERY_DID_KEY: recoveryKey.didKey })
  writeFileSafely(proven, `${fingerprint}\n`)
  // From here on it is in the kit only.
  rmSync(pending, { force: true })
  return { files, recoveryKit }
}

const textIn = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined

/** Identities name their host. @throws CommandError */
function refuseOtherName({ hostname, data }: Answers, options: MachineOptions): void {
  if (!holdsData(data)) return
  const { before, outside, isNamed } = options
  const isLocal = existsSync(join(data, 'plc.jsonl'))
  const known = outside.PDS_HOSTNAME ?? before.PDS_HOSTNAME ?? (isLocal ? 'localhost' : undefined)
  const folder = resolve(data)
  if (known === undefined && !isNamed) {
    throw new CommandError(
      `${folder} has accounts, and no settings say of which host: name it with --hostname, as it was.`,
    )
  }
  const isSame =
    known === undefined || known === hostname || (isLoopback(known) && isLoopback(hostname))
  if (isSame) return
  throw new CommandError(
    `${folder} has accounts of ${known}: their identities name it. Keep --hostname ${known}, or choose another folder with --data.`,
  )
}

/** @throws UsageError for an answer that the environment would not let be */
function refuseOverridden(answered: RawSettings, outside: RawSettings): void {
  for (const [name, value] of Object.entries(outside)) {
    const answer = answered[name as keyof RawSettings]
    if (answer !== undefined && answer !== value) {
      throw new UsageError(
        `${name} is set in the environment, which goes before what is answered here: unset it`,
      )
    }
  }
}
