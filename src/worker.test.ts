import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'

test('the health page tells the version', async () => {
  const response = await exports.default.fetch('https://localhost/xrpc/_health')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
})
