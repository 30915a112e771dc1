/** The hottest functions of a CPU profile, with the lines they have in the sources. */
import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { BUNDLE } from '../../cli/bundle.ts'
import type { CpuProfile, ProfileNode } from '../stages/profiler.ts'

const SHOWN = 30

/** A table of self times and total times, per request. */
export function hottest(profile: CpuProfile, requests: number): string {
  const locate = locator()
  const self = new Map<string, number>()
  const total = new Map<string, number>()
  const add = (to: Map<string, number>, name: string, time: number) =>
    to.set(name, (to.get(name) ?? 0) + time)
  const names = new Map(profile.nodes.map((node) => [node.id, locate(node.callFrame)]))
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  for (const [id, time] of selfTimes(profile)) {
    add(self, names.get(id) ?? '', time)
    const stack = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      stack.add(names.get(at) ?? '')
    }
    for (const name of stack) add(total, name, time)
  }
  const all = profile.endTime - profile.startTime
  const perRequest = (time: number) => (time / requests).toFixed(0).padStart(7)
  const line = ([name, time]: [string, number]) =>
    `${((100 * time) / all).toFixed(1).padStart(6)} % ${perRequest(time)} µs ${perRequest(total.get(name) ?? 0)} µs  ${name}`
  const shown = [...self].sort(([, a], [, b]) => b - a).slice(0, SHOWN)
  return `    self   self/req  total/req\n${shown.map(line).join('\n')}\n`
}

function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>()
  samples.forEach((id, at) => {
    // A sample stands for the time until the next one.
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[at + 1] ?? 0))
  })
  return times
}

/** Names a function by the line of the source that declares it, for the bundle is minified. */
function locator(): (frame: ProfileNode['callFrame']) => string {
  const payload = JSON.parse(readFileSync(`${BUNDLE}.map`, 'utf8')) as SourceMapPayload
  const map = new SourceMap(payload)
  const lines = new Map<string, string[]>(
    payload.sources.map((source, at) => [source, payload.sourcesContent[at]?.split('\n') ?? []]),
  )
  return ({ functionName, lineNumber, columnNumber, url }) => {
    if (lineNumber < 0 || functionName.startsWith('(')) return functionName || '(native)'
    const entry = map.findEntry(lineNumber, columnNumber)
    if (!('originalSource' in entry) || !entry.originalSource) return `${functionName} ${url}`
    const text = lines.get(entry.originalSource)?.[entry.originalLine]?.trim() ?? functionName
    const source = entry.originalSource.replace(/^(\.\.\/)+/, '').replace('node_modules/', '~')
    return `${source}:${entry.originalLine + 1}  ${text.slice(0, 60)}`
  }
}
