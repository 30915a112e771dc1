/** The hottest functions of a CPU profile, with the lines they have in the sources. */
import { readFileSync } from 'node:fs'
import type { Profiler, Runtime } from 'node:inspector'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { bundleModules } from '../../cli/host/bundle.ts'

const SHOWN = 25

/** Names a function of the bundle. */
type Locate = (frame: Runtime.CallFrame) => string

/** Two tables of times per request: of functions themselves, and of ours with what they call. */
export function hottest(profile: Profiler.Profile, requests: number, locate: Locate): string {
  const { self, total } = times(profile, locate)
  const all = profile.endTime - profile.startTime
  const list = (times: [string, number][]) =>
    times
      .sort(([, a], [, b]) => b - a)
      .slice(0, SHOWN)
      .map(([name, time]) => {
        const share = ((100 * time) / all).toFixed(1).padStart(6)
        return `${share} % ${(time / requests).toFixed(0).padStart(8)} µs  ${name}`
      })
      .join('\n')
  const ours = [...total].filter(([name]) => name.includes(' src/'))
  const title = 'Our own, with what they call'
  return `By self time (per request)\n${list([...self])}\n\n${title}\n${list(ours)}\n`
}

/** Microseconds by name: spent in the function itself, and in it and what it called. */
function times({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, locate: Locate) {
  const names = new Map(nodes.map((node) => [node.id, locate(node.callFrame)]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const self = new Map<string, number>()
  const total = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    const time = Math.max(0, timeDeltas[at + 1] ?? 0)
    const stack = new Set<string>()
    for (let node: number | undefined = id; node; node = parents.get(node)) {
      stack.add(names.get(node) ?? '')
    }
    const [name = ''] = stack
    self.set(name, (self.get(name) ?? 0) + time)
    for (const caller of stack) total.set(caller, (total.get(caller) ?? 0) + time)
  }
  return { self, total }
}

/**
 * Names functions by the line of the source that declares them, for the bundle is minified. Reads
 * the source map at once: the bundle may be built anew while a profile is taken.
 */
export function locator(): Locate {
  const maps = new Map<string, SourceMap>()
  const lines = new Map<string, string[]>()
  for (const { name, path } of bundleModules().filter(({ type }) => type === 'esModule')) {
    const payload = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload
    maps.set(name, new SourceMap(payload))
    for (const [at, source] of payload.sources.entries()) {
      lines.set(source, payload.sourcesContent[at]?.split('\n') ?? [])
    }
  }
  return ({ functionName, lineNumber, columnNumber, url }) => {
    if (lineNumber < 0 || functionName.startsWith('(')) return functionName || '(native)'
    // Node's modules in workerd have lines of their own.
    const map = maps.get(url.replace(/^.*\//, ''))
    if (!map) return `${functionName.padEnd(16)} ${url}`
    const entry = map.findEntry(lineNumber, columnNumber)
    if (!('originalSource' in entry) || !entry.originalSource) return `${functionName} ${url}`
    const source = entry.originalSource.replace(/^(\.\.\/)+/, '').replace(/^.*node_modules\//, '~')
    const text = lines.get(entry.originalSource)?.[entry.originalLine]?.trim().slice(0, 50) ?? ''
    return `${functionName.padEnd(16)} ${source}:${entry.originalLine + 1}  ${text}`
  }
}
