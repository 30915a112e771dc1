/** Collection files for tests that run inside workerd, in the place of those of the tree. */
import { env } from 'cloudflare:workers'
import { type AnyCollectionDefinition, useCollectionFiles } from '../kernel/collection-files.ts'
import {
  type CollectionReader,
  collectionReader,
  type IndexReader,
} from '../services/collections/host-index.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { send } from './host.ts'

/** What a collection can be asked whose file is not of the tree. */
export type AnyReader<Name extends string> = CollectionReader<Record<string, unknown>> &
  Record<
    Name,
    IndexReader<Record<string, unknown>, Record<string, unknown>, string | number | boolean>
  >

/** Reads what a registered collection has in the index. `Name`: those of its indexes. */
export const readerOf = <Name extends string>(collection: string): AnyReader<Name> =>
  collectionReader(hostObjects(env), collection as never) as AnyReader<Name>

/** Registers definitions by NSID. To be called before the first event: objects read them when they start. */
export async function useCollections(
  definitions: Readonly<Record<string, AnyCollectionDefinition>>,
): Promise<void> {
  // The Worker registers those of its tree when it is first asked for something.
  await send('/xrpc/_health')
  useCollectionFiles(
    Object.fromEntries(
      Object.entries(definitions).map(([nsid, definition]) => [
        nsid,
        { load: async () => ({ default: definition }) },
      ]),
    ),
  )
}
