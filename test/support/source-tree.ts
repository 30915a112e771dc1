/** The source files of the project and their imports, type-only ones included, as the compiler reads them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ts } from 'ts-morph'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

/** What the package exports, by the name from which it may be imported here, too. */
const OWN_EXPORTS: Record<string, string> = JSON.parse(
  readFileSync(join(PROJECT, 'package.json'), 'utf8'),
).exports

export interface SourceFile {
  /** From the root of the project. */
  path: string
  text: string
  /** Files of the project that it imports. */
  imports: string[]
  /** What it imports by a path that names no file, so that nobody can tell the room. */
  unresolved: string[]
}

/** Without tests, what only tests use, and what is generated. */
const isSource = (path: string): boolean =>
  /\.m?ts$/.test(path) &&
  !/\.(test|d)\.ts$/.test(path) &&
  !path.includes('/testing/') &&
  !path.includes('node_modules') &&
  !path.startsWith('src/generated/')

export function readSources(): SourceFile[] {
  const paths = ['src', 'codegen', 'cli', 'bench'].flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder, path))
      .filter(isSource),
  )
  const known = new Set(paths)
  return paths.map((path) => {
    const text = readFileSync(join(PROJECT, path), 'utf8')
    const { importedFiles } = ts.preProcessFile(text)
    const specifiers = importedFiles.map(({ fileName }) => resolve(path, fileName))
    return {
      path,
      text,
      imports: specifiers.filter((target) => known.has(target)),
      unresolved: specifiers.filter(
        (target) => isOurs(target) && !existsSync(join(PROJECT, target)),
      ),
    }
  })
}

const isOurs = (target: string): boolean => /^(src|codegen|cli|bench)\//.test(target)

function resolve(from: string, specifier: string): string {
  const own = OWN_EXPORTS[specifier.replace(/^cumulus/, '.')]
  if (own && /^cumulus(\/|$)/.test(specifier)) return normalize(own)
  if (specifier.startsWith('#src/')) return `src/${specifier.slice('#src/'.length)}`
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : specifier
}

/** The layers of `docs/rooms.json`, from the top: the rooms (folders and files) of each. */
export function readFloors(): string[][] {
  const text = readFileSync(join(PROJECT, 'docs/rooms.json'), 'utf8')
  const floors = JSON.parse(text) as (string | string[])[]
  return floors.map((floor) => [floor].flat())
}

/** The room that a file is in: of several that contain it, the innermost. */
export const roomOf = (path: string, rooms: readonly string[]): string | undefined =>
  rooms
    .filter((room) => path === room || !relative(room, path).startsWith('..'))
    .sort((a, b) => b.length - a.length)[0]
