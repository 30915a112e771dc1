/** Holds the source tree against docs/rooms.json: who may import whom (docs/architecture.md). */
import { expect, test } from 'vitest'
import { readFloors, readSources, roomOf } from './support/source-tree.ts'

const files = readSources()
const floors = readFloors()
const rooms = floors.flat()
const floorOf = new Map(floors.flatMap((floor, index) => floor.map((room) => [room, index])))

/** Rooms directly below `src/`, beyond which the tree is hard to oversee. */
const MAX_ROOMS = 14
const MAX_LINES = 300

test('every file is in a room', () => {
  expect(files.length).toBeGreaterThan(400)
  const unplaced = files.map(({ path }) => path).filter((path) => !roomOf(path, rooms))
  expect(unplaced, 'Add the folder to docs/rooms.json (docs/architecture.md)').toEqual([])
  const topRooms = new Set(files.flatMap(({ path }) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []))
  expect(topRooms.size).toBeLessThanOrEqual(MAX_ROOMS)
})

test('a file imports from its own room and from lower floors only, types included', () => {
  const against = files.flatMap(({ path, imports }) => {
    const room = roomOf(path, rooms) ?? ''
    return imports
      .filter((target) => {
        const other = roomOf(target, rooms) ?? ''
        return other !== room && (floorOf.get(other) ?? 0) <= (floorOf.get(room) ?? 0)
      })
      .map((target) => `${path} imports ${target}`)
  })
  const advice =
    'Imports go down the layers of docs/rooms.json only: move what is shared to a lower layer, or this file to a ' +
    'higher one (docs/architecture.md)'
  expect(against, advice).toEqual([])
})

test('an import names its file, with its extension', () => {
  const unresolved = files.flatMap(({ path, unresolved }) =>
    unresolved.map((target) => `${path} imports ${target}`),
  )
  expect(unresolved).toEqual([])
})

test('only tests import what is for tests', () => {
  const testing = files.flatMap(({ path, text }) =>
    /from '[^']*\/testing\//.test(text) ? [path] : [],
  )
  expect(testing).toEqual([])
})

test('a class extends at most a class that is not ours', () => {
  const parents = new Map(
    files.flatMap(({ text }) =>
      [...text.matchAll(/\bclass (\w+)(?:<[^>]*>)? extends (\w+)/g)].map(
        ([, name = '', base = '']) => [name, base] as const,
      ),
    ),
  )
  const chains = [...parents].filter(([, base]) => parents.has(base))
  expect(chains, 'Take what the base class does as a part, in the constructor').toEqual([])
})

test('no file is longer than one idea', () => {
  const lengths = files.map(({ path, text }) => [path, text.split('\n').length - 1] as const)
  const long = lengths.filter(([, length]) => length > MAX_LINES)
  expect(long, `A file has at most ${MAX_LINES} lines: what is the second idea?`).toEqual([])
})
