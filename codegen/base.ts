/**
 * Finds projects, and what they build on: the package `cumulus` among a project's dependencies. This repository is a
 * project that builds on nothing.
 */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { packageRoot } from './layout.ts'
import { readText } from './tree.ts'

/** The name under which the package is depended upon, and under which generated files import it. */
export const PACKAGE = 'cumulus'

/** The folder of the package that the project at `root` builds on; undefined for one that brings everything itself. */
export function baseFolder(root: string): string | undefined {
  if (!dependsOnPackage(root)) return undefined
  for (const folder of upwards(root)) {
    const found = join(folder, 'node_modules', PACKAGE)
    if (existsSync(join(found, 'package.json'))) return realpathSync(found)
  }
  return packageRoot
}

/** The project that a command run in `folder` is about: the one that `folder` is in, or else this repository. */
export const findProject = (folder: string): string =>
  upwards(folder).find(dependsOnPackage) ?? packageRoot

/** Whether `root` is the folder of a project that builds on the package. */
function dependsOnPackage(root: string): boolean {
  try {
    const manifest: { dependencies?: object; devDependencies?: object } = JSON.parse(
      readText(join(root, 'package.json')) ?? '{}',
    )
    return PACKAGE in { ...manifest.dependencies, ...manifest.devDependencies }
  } catch {
    return false
  }
}

/** A folder and all that it is in. */
export function upwards(folder: string): string[] {
  const here = resolve(folder)
  return here === dirname(here) ? [here] : [here, ...upwards(dirname(here))]
}
