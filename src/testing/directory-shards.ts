/** Has what is looked up about accounts divided among some objects. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { directoryShardName } from '../kernel/directory-shards.ts'
import { directoryStub } from '../services/objects/stubs.ts'
import { crashNow } from './crash.ts'

type DirectoryStub = ReturnType<typeof directoryStub>

/** Each of the objects that share. */
export const directoryShardStubs = (shards: number): (() => DirectoryStub)[] =>
  Array.from(
    { length: shards },
    (_, shard) => () =>
      env.DIRECTORY.get(env.DIRECTORY.idFromName(directoryShardName({ shard, shards }))),
  )

/** Sets how many there are to be, as a release with another setting does: all that there are begin anew. */
export async function setDirectoryShards(shards: number, before = 1): Promise<void> {
  ;(env as { PDS_DIRECTORY_SHARDS?: string }).PDS_DIRECTORY_SHARDS = String(shards)
  await crashNow(() => directoryStub(env))
  for (const stub of before > 1 ? directoryShardStubs(before) : []) await crashNow(stub)
}

/** Rows of a table of an object. */
export const rowsOf = <Row extends Record<string, SqlStorageValue>>(
  stub: DirectoryStub,
  query: string,
): Promise<Row[]> =>
  runInDurableObject(stub, (_, { storage }) => storage.sql.exec<Row>(query).toArray())
