import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseAgainst } from './against.ts'

test('several servers are compared, each with the options that follow it', () => {
  const line =
    '--only getRecord --against reference --against http://127.0.0.1:8788/ --name=cirrus ' +
    '--handle alice.test --password env:PEER --pid 12 --against .'
  expect(parseAgainst(line.split(' '), { PEER: 'secret' })).toEqual([
    { kind: 'reference' },
    {
      kind: 'foreign',
      origin: 'http://127.0.0.1:8788',
      name: 'cirrus',
      did: 'plc',
      pid: 12,
      owner: { handle: 'alice.test', password: 'secret' },
    },
    { kind: 'checkout', folder: resolve('.'), name: 'other' },
  ])
})

test('a command that starts it may have spaces and dashes', () => {
  const args = ['--against', 'https://pds.test', '--start', 'workerd serve --verbose a.capnp']
  expect(parseAgainst(args)).toMatchObject([{ start: 'workerd serve --verbose a.capnp' }])
})

test.each([
  ['--name cirrus', 'there is none'],
  ['--against', 'reference, the folder'],
  ['--against --check', 'reference, the folder'],
  ['--against nowhere', 'neither an address (https://…) nor a checkout'],
  ['--against ftp://a.test', 'neither an address (https://…) nor a checkout'],
  ['--against http://', 'is no address'],
  ['--against https://a.test:port', 'is no address'],
  ['--against http://a.test --handle a.test', 'belong together'],
  ['--against http://a.test --pid x', 'not a number'],
  ['--against http://a.test --did key', '"plc" or "web"'],
  ['--against http://a.test --password env:NONE --handle a.test', 'no such variable'],
  ['--against http://a.test --against http://b.test', 'tell them apart'],
])('%s is refused', (line, reason) => {
  expect(() => parseAgainst(line.split(' '), {})).toThrow(
    expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(reason) }),
  )
})
