/**
 * ts-morph, loaded as the CommonJS that it is: by `import`, Node first looks through its twelve megabytes for what they
 * export, which takes longer than all else of a run.
 */
import { createRequire } from 'node:module'
import type * as TsMorph from 'ts-morph'

export const { Node, Project, ts }: typeof TsMorph = createRequire(import.meta.url)('ts-morph')

export type Node = TsMorph.Node
