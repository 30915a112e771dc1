/** Facts about installed packages. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The file that `import` of a package loads. */
export const packageEntry = (name: string): string => fileURLToPath(import.meta.resolve(name))

/** The version of an installed package, also of one that does not export its package.json. */
export function packageVersion(name: string): string {
  for (let folder = dirname(packageEntry(name)); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (manifest.name === name) return manifest.version
    } catch (error) {
      if (folder === dirname(folder)) throw error
    }
  }
}
