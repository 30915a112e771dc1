/**
 * What the project's collection files say (`src/collections/`), as the runtime holds it: without the types of their
 * records. The generated tree hands it over once, when the Worker's modules are loaded.
 */

/** What a write is about to do; `put` creates or replaces, which is known only when it is done. */
export type WriteAction = 'create' | 'update' | 'put' | 'delete'

/** What `beforeWrite` of any collection is called with. */
export interface AnyPlannedWrite {
  action: WriteAction
  did: string
  collection: string
  /** Undefined: the host is about to choose one. */
  rkey: string | undefined
  /** Undefined: it is deleted. */
  record: unknown
  refuse(name: string, message?: string): never
}

/** The default export of a collection file. */
export interface AnyCollectionDefinition {
  index?: Readonly<Record<string, readonly string[]>>
  search?: readonly string[]
  errors?: readonly string[]
  beforeWrite?(write: never): unknown
  afterWrite?(write: never): unknown
  attempts?: number
  timeout?: number
}

/** One file of `src/collections/`; loaded when it is first needed. */
export interface CollectionFile {
  load(): Promise<{ default: AnyCollectionDefinition }>
}

/** The files by the NSID of their collection. */
export type CollectionFiles = Readonly<Record<string, CollectionFile>>

let files: CollectionFiles = {}
let loaded: Promise<ReadonlyMap<string, AnyCollectionDefinition>> | undefined
let known: ReadonlyMap<string, AnyCollectionDefinition> | undefined

/** Registers the files of the project. */
export function useCollectionFiles(table: CollectionFiles): void {
  files = table
  loaded = undefined
  known = undefined
}

/** Whether there are any: a host without them does nothing for them. */
export const hasCollectionFiles = (): boolean => Object.keys(files).length > 0

/** Whether there is a file for one of these collections. */
export const hasCollectionFile = (collection: string): boolean => Object.hasOwn(files, collection)

/** All definitions, loaded once per isolate. */
export async function collectionDefinitions(): Promise<
  ReadonlyMap<string, AnyCollectionDefinition>
> {
  if (known) return known
  loaded ??= load(files)
  known = await loaded
  return known
}

/** The definition of one collection; undefined: there is no file for it. */
export async function collectionDefinition(
  collection: string,
): Promise<AnyCollectionDefinition | undefined> {
  return hasCollectionFile(collection) ? (await collectionDefinitions()).get(collection) : undefined
}

async function load(table: CollectionFiles): Promise<Map<string, AnyCollectionDefinition>> {
  const definitions = Object.entries(table).map(
    async ([nsid, file]) => [nsid, (await file.load()).default] as const,
  )
  return new Map(await Promise.all(definitions))
}
