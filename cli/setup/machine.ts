/** Sets up a host on this machine: a data folder with its secrets, and `pds.env` with its settings. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { isLoopback } from '../../src/kernel/loopback.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { writeEnvFile } from '../settings/env-file.ts'
import { holdsData, readLocalSettings } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'
import type { Answers } from './questions.ts'
import { handOutKit, type KitOptions, makeRecoveryKey, readRecoveryKey } from './recovery-kit.ts'
import { withAnswers } from './settings.ts'

/** Private half of a recovery key whose owner has not shown yet to have it; 64 hex digits. */
const PENDING = 'recovery-key.pending'

export interface SetUp {
  /** Files that were written. */
  files: string[]
  /** Where the recovery kit went; undefined: there was one already, or it takes none. */
  recoveryKit: string | undefined
}

/**
 * Does it, or goes on where an earlier run was ended. Secrets and settings that are there stay.
 *
 * @param before what `pds.env` and the environment say now
 * @throws CommandError, ConfigError, UsageError, InterruptedError
 */
export async function setUpMachine(
  answers: Answers,
  before: RawSettings,
  { envFile, kit }: { envFile: string; kit: KitOptions },
  prompts: Prompts,
): Promise<SetUp> {
  const { hostname, data } = answers
  const known = before.PDS_HOSTNAME
  if (known && known !== hostname && holdsData(data)) {
    throw new CommandError(
      `${data} has accounts of ${known}: their identities name it. Keep --hostname ${known}, or choose another folder with --data.`,
    )
  }
  const merged: RawSettings = { ...withAnswers(before, answers), PDS_DATA_DIRECTORY: data }
  const { dataDirectory, raw } = readLocalSettings({ ...merged })
  const files = [join(dataDirectory, 'secrets.json'), envFile]
  const isDone = Boolean(before.PDS_RECOVERY_DID_KEY) || isLoopback(hostname)
  if (isDone) {
    writeEnvFile(envFile, merged)
    return { files, recoveryKit: undefined }
  }
  const pending = join(dataDirectory, PENDING)
  const recoveryKey = existsSync(pending)
    ? readRecoveryKey(readFileSync(pending, 'utf8').trim())
    : makeRecoveryKey()
  writeFileSafely(pending, `${recoveryKey.privateKey}\n`)
  const recoveryKit = await handOutKit({ hostname, secrets: raw, recoveryKey }, kit, prompts)
  writeEnvFile(envFile, { ...merged, PDS_RECOVERY_DID_KEY: recoveryKey.didKey })
  // From here on it is in the kit only.
  rmSync(pending)
  return { files, recoveryKit }
}
