/**
 * What the project's collection files say (`src/collections/`), as the runtime holds it: without the types of their
 * records. The generated tree hands it over once, when the Worker's modules are loaded.
 */
import { type LoadedFiles, loadFiles, type ProjectFiles } from './project-files.ts'

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

/** The files by the NSID of their collection. */
export type CollectionFiles = ProjectFiles<AnyCollectionDefinition>

export type CollectionDefinitions = LoadedFiles<AnyCollectionDefinition>

export const NO_COLLECTIONS: CollectionDefinitions = { definitions: new Map(), failed: new Map() }

let files: CollectionFiles = {}
let loaded: Promise<CollectionDefinitions> | undefined

/** Registers the files of the project. */
export function useCollectionFiles(table: CollectionFiles): void {
  files = table
  loaded = undefined
}

/** Whether there are any: a host without them does nothing for them. */
export const hasCollectionFiles = (): boolean => Object.keys(files).length > 0

/** Whether there is a file for one of these collections. */
export const hasCollectionFile = (collection: string): boolean => Object.hasOwn(files, collection)

/** All definitions, loaded once per isolate, and what could not be loaded. */
export function collectionDefinitions(): Promise<CollectionDefinitions> {
  loaded ??= loadFiles(files, (nsid) => `src/collections/${nsid.replaceAll('.', '/')}.ts`)
  return loaded
}

/**
 * The definition of one collection; undefined: there is no file for it.
 *
 * @throws ProjectFileError if its file cannot be loaded
 */
export async function collectionDefinition(
  collection: string,
): Promise<AnyCollectionDefinition | undefined> {
  if (!hasCollectionFile(collection)) return undefined
  const { definitions, failed } = await collectionDefinitions()
  const error = failed.get(collection)
  if (error) throw error
  return definitions.get(collection)
}
