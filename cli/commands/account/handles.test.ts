import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCumulus } from '../../../test/support/command.ts'
import { startServer, type TestServer } from '../../../test/support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const account = (...args: string[]) =>
  runCumulus(['account', ...args], {
    PDS_PORT: new URL(server.origin).port,
    PDS_DATA_DIRECTORY: server.dataDirectory,
  })

test('names are reserved and freed, listed, and left to the default again', async () => {
  expect(await account('reserve', 'bakery')).toEqual({ code: 0, output: 'bakery is reserved\n' })
  expect(await account('free', 'guide')).toEqual({ code: 0, output: 'guide is free\n' })
  expect((await account('handles')).output).toBe('reserved  bakery\nfree      guide\n')
  expect((await account('default', 'guide')).output).toBe('guide is as by default\n')
  expect(JSON.parse((await account('handles', '--json')).output)).toEqual({
    rules: [{ name: 'bakery', rule: 'reserved' }],
  })
})
