/** Files of a project that the runtime loads when they are first needed: collections and jobs. */

/** A file of the project threw when it was loaded, or exports nothing. What it is for is refused; other files go on. */
export class ProjectFileError extends Error {
  override name = 'ProjectFileError'
  /** `src/collections/com/example/note.ts` */
  readonly file: string

  constructor(file: string, cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    super(`${file} cannot be loaded: ${why}`, { cause })
    this.file = file
    // Where in the file it is; who loads it is always the same.
    const at = cause instanceof Error ? cause.stack?.match(/^\s+at [\s\S]*/m)?.[0] : undefined
    if (at) this.stack = `${this.name}: ${this.message}\n${at}`
  }
}

/** The files of one folder by name; each is loaded when it is first needed. */
export type ProjectFiles<T> = Readonly<Record<string, { load(): Promise<{ default: T }> }>>

export interface LoadedFiles<T> {
  readonly definitions: ReadonlyMap<string, T>
  /** Those that could not be loaded. They are not tried again: that would give the same. */
  readonly failed: ReadonlyMap<string, ProjectFileError>
}

/** Loads all of them; one that throws keeps none of the others. @param pathOf where a file is, for whoever mends it */
export async function loadFiles<T extends object>(
  files: ProjectFiles<T>,
  pathOf: (name: string) => string,
): Promise<LoadedFiles<T>> {
  const definitions = new Map<string, T>()
  const failed = new Map<string, ProjectFileError>()
  await Promise.all(
    Object.entries(files).map(async ([name, file]) => {
      try {
        const { default: definition } = await file.load()
        // As when it was read before the modules that it needs were.
        if (typeof definition !== 'object') throw new TypeError('it has no default export')
        definitions.set(name, definition)
      } catch (error) {
        failed.set(name, new ProjectFileError(pathOf(name), error))
      }
    }),
  )
  return { definitions, failed }
}
