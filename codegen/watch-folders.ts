/**
 * Watches folders with all that is below them. One watcher for each folder: Node's own recursive watching
 * loses a file on Linux when another is renamed over it, which is how many editors save.
 */
import { existsSync, type FSWatcher, mkdirSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'

/** Calls `changed` at each change below `folders`, which are created if need be. Returns the end of it. */
export function watchFolders(folders: readonly string[], changed: () => void): () => void {
  const watchers = new Map<string, FSWatcher>()

  const rescan = (): void => {
    for (const [folder, watcher] of watchers) {
      if (existsSync(folder)) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of folders) add(folder)
  }

  const add = (folder: string): void => {
    try {
      if (!watchers.has(folder)) watchers.set(folder, start(folder))
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) add(join(folder, entry.name))
      }
    } catch {
      // Gone again; the folder above tells.
    }
  }

  const start = (folder: string): FSWatcher => {
    const watcher = watch(folder, () => {
      rescan()
      changed()
    })
    return watcher.on('error', rescan)
  }

  for (const folder of folders) mkdirSync(folder, { recursive: true })
  rescan()
  return () => {
    for (const watcher of watchers.values()) watcher.close()
  }
}
