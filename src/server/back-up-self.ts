import { servicesOf } from '../context/services.ts'
import type { Env } from '../contracts/env.ts'
import type { Logger } from '../kernel/log.ts'
import { secretsIn } from '../services/backup/host-secrets.ts'
import { type Outcome, runSchedule } from '../services/backup/schedule.ts'
import { assertLocation } from '../services/objects/location.ts'
import { assertSecrets } from '../services/objects/secrets.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { blobStore } from '../storage/blobs/choose.ts'

/** What a Cron trigger does: a backup, or a part of one, if it is time to. @throws ConfigError; as `runSchedule` */
export async function backUpSelf(env: Env, log: Logger): Promise<Outcome> {
  const { config } = servicesOf(env)
  await assertLocation(env, config.dataLocation)
  // A backup with secrets that do not fit its data would restore nothing.
  await assertSecrets(env, config, log)
  return runSchedule({
    config,
    objects: hostObjects(env),
    blobs: blobStore(env),
    bucket: env.BACKUPS,
    secrets: secretsIn({ ...env }),
  })
}
