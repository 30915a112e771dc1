/**
 * What a new version of the package changes in the files of a project. Each says which version brought it; those since the
 * version that the project is from are applied in order. One that has nothing to do changes nothing, so that they may be
 * applied again.
 */
import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { Project, type SourceFile } from 'ts-morph'
import { isNewer } from '../../../src/kernel/version.ts'
import { writeFileSafely } from '../../host/safe-file.ts'
import { addToWranglerConfig } from './wrangler-config.ts'

/** One change. */
interface Codemod {
  /** Of the package, from which on files have to be so. */
  version: string
  /** What it does, in a line for people. */
  title: string
  apply(file: SourceFile): void
}

const CODEMODS: readonly Codemod[] = [
  {
    version: '0.2.0',
    title: 'files import the package by its name',
    apply: importByName,
  },
]

/** Files that were changed, relative to the project. */
export interface Changed {
  titles: string[]
  files: string[]
}

/**
 * Brings the files of a project from `before` to this version of the package.
 *
 * @param packageRoot the package, whose wrangler.toml the project's has to keep up with
 */
export function migrateProject(root: string, packageRoot: string, before: string): Changed {
  const due = CODEMODS.filter(({ version }) => isNewer(version, before))
  const titles = due.map(({ title }) => title)
  const files: string[] = []
  if (due.length > 0) {
    const project = new Project({ skipAddingFilesFromTsConfig: true, skipLoadingLibFiles: true })
    project.addSourceFilesAtPaths([
      join(root, 'src', '**', '*.ts'),
      `!${join(root, 'src', 'generated', '**')}`,
    ])
    for (const file of project.getSourceFiles()) {
      const text = file.getFullText()
      for (const { apply } of due) apply(file)
      if (file.getFullText() === text) continue
      writeFileSafely(file.getFilePath(), file.getFullText())
      files.push(file.getFilePath().slice(root.length + 1))
    }
  }
  const config = join(root, 'wrangler.toml')
  if (existsSync(config)) {
    const text = readFileSync(config, 'utf8')
    const added = addToWranglerConfig(
      text,
      readFileSync(join(packageRoot, 'wrangler.toml'), 'utf8'),
    )
    if (added.text !== text) {
      writeFileSafely(config, added.text)
      titles.push(`wrangler.toml has ${added.names.join(', ')}`)
      files.push('wrangler.toml')
    }
  }
  return { titles, files: files.sort() }
}

/** Where projects that were forks imported from, and what it is called now. */
const NAMES: readonly [RegExp, string][] = [
  [/^#src\/testing\//, 'cumulus/testing'],
  [/^#src\//, 'cumulus'],
]

/** `#src/server/auth/policy.ts` → `cumulus`, for whatever `cumulus` exports. */
function importByName(file: SourceFile): void {
  for (const declaration of file.getImportDeclarations()) {
    const from = declaration.getModuleSpecifierValue()
    const to = NAMES.find(([pattern]) => pattern.test(from))?.[1]
    if (to === undefined || declaration.getNamespaceImport() || declaration.getDefaultImport())
      continue
    const isPublic = publicNames(to)
    if (!declaration.getNamedImports().every((named) => isPublic.has(named.getName()))) continue
    const isType = declaration.isTypeOnly()
    const names = declaration.getNamedImports().map((named) => ({
      name: named.getName(),
      ...(named.getAliasNode() && { alias: named.getAliasNode()?.getText() }),
      isTypeOnly: isType || named.isTypeOnly(),
    }))
    const there = file.getImportDeclaration(
      (other) =>
        other !== declaration &&
        other.getModuleSpecifierValue() === to &&
        !other.isTypeOnly() &&
        !other.getNamespaceImport(),
    )
    if (there) {
      there.addNamedImports(names)
      declaration.remove()
    } else {
      declaration.setModuleSpecifier(to)
    }
  }
}

const exported = new Map<string, ReadonlySet<string>>()

/** The names that an entry of the package exports. */
function publicNames(entry: string): ReadonlySet<string> {
  const known = exported.get(entry)
  if (known) return known
  const folder = entry === 'cumulus' ? 'framework' : 'testing'
  const isBuilt = extname(import.meta.filename) === '.js'
  // Built, types are in the declarations alone.
  const path = join(import.meta.dirname, `../../../src/${folder}/index${isBuilt ? '.d.ts' : '.ts'}`)
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipLoadingLibFiles: true })
  const file = project.createSourceFile('/index.ts', readFileSync(path, 'utf8'))
  const names = new Set(
    file
      .getExportDeclarations()
      .flatMap((declaration) => declaration.getNamedExports())
      .map((named) => named.getAliasNode()?.getText() ?? named.getName()),
  )
  exported.set(entry, names)
  return names
}
