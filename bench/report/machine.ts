/** Where and with what a run was made. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../cli/bundle.ts'
import type { Result } from './result.ts'

export function machine(): Result['machine'] {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    workerd: version(join(ROOT, 'node_modules', 'workerd')),
    reference: version(join(ROOT, 'bench', 'node_modules', '@atproto', 'pds')),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    load: loadavg()[0] ?? 0,
  }
}

const version = (folder: string): string =>
  (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
