/** Exports of repositories as files, for the import. */
import { createWriteStream, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Repo } from '../load/repo.ts'

export interface Car {
  path: string
  bytes: number
  records: number
  /** Key of one of them. */
  key: string
}

export async function exportCar(repo: Repo, path: string): Promise<Car> {
  const stream = await repo.client.stream({
    method: 'com.atproto.sync.getRepo',
    params: { did: repo.account.did },
  })
  await pipeline(stream, createWriteStream(path))
  return {
    path,
    bytes: statSync(path).size,
    records: repo.keys.length,
    key: repo.keys.at(-1) ?? '',
  }
}
