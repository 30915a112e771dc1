/**
 * `npm ci`, the README's first command, refuses a lock file that lacks a package which another asks for, the optional ones for
 * other platforms included. `npm install` writes such a file without a word where the registry does not have one of them.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockedPackage {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

test.for(['package-lock.json', 'bench/package-lock.json'])(
  '%s has every package that one in it asks for',
  (path) => {
    const { packages } = JSON.parse(readFileSync(path, 'utf8')) as {
      packages: Record<string, LockedPackage>
    }
    expect(Object.keys(packages).length).toBeGreaterThan(10)
    const missing = Object.entries(packages).flatMap(
      ([folder, { dependencies, optionalDependencies }]) =>
        Object.keys({ ...dependencies, ...optionalDependencies })
          .filter((name) => !foldersOf(folder, name).some((place) => place in packages))
          .map((name) => `${folder || path} asks for ${name}`),
    )
    expect(missing, 'Take a version of which the registry has all platforms').toEqual([])
  },
)

/** Where Node looks for a package, from the folder of the one that asks for it upwards. */
function foldersOf(folder: string, name: string): string[] {
  const parents =
    folder === ''
      ? []
      : folder.split('/node_modules/').map((_, index, parts) => parts.slice(0, index + 1))
  return ['', ...parents.map((parts) => `${parts.join('/node_modules/')}/`)].map(
    (parent) => `${parent}node_modules/${name}`,
  )
}
