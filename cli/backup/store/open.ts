import { rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CommandError } from '../../terminal/errors.ts'
import { FolderStore } from './folder.ts'
import type { LocalStore } from './local-file.ts'
import { S3Store } from './s3.ts'

export const PLACE = 'A folder, or s3://bucket/folder (with AWS_… in the environment)'

/**
 * Opens the place of a backup.
 *
 * @param mustExist whether a folder that is not there is an error
 * @throws CommandError
 */
export async function openStore(
  place: string,
  { mustExist = false, env = process.env } = {},
): Promise<LocalStore> {
  const store = await open(place, mustExist, env)
  // Also where it is interrupted.
  process.once('exit', () => rmSync(store.temporary, { recursive: true, force: true }))
  return store
}

async function open(
  place: string,
  mustExist: boolean,
  env: NodeJS.ProcessEnv,
): Promise<LocalStore> {
  if (place.startsWith('s3://')) return S3Store.open(place, s3Options(env))
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) {
    throw new CommandError(`${place} is no folder, and no s3:// URL: those two are known.`)
  }
  const folder = resolve(place)
  const found = await stat(folder).catch(() => undefined)
  if (found ? !found.isDirectory() : mustExist) {
    throw new CommandError(`There is no folder ${folder}: name the one that holds the backup.`)
  }
  return mustExist ? FolderStore.openToRead(folder) : FolderStore.open(folder)
}

/** @throws CommandError */
function s3Options(env: NodeJS.ProcessEnv) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) {
    throw new CommandError('Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the bucket.')
  }
  const given = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? (given ? 'auto' : 'us-east-1')
  const endpoint = given ?? `https://s3.${region}.amazonaws.com`
  return { endpoint, region, accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN }
}
