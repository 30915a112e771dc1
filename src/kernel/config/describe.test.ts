/** What the operator sees of the settings holds no secret. */
import { expect, test } from 'vitest'
import { describeSettings } from './describe.ts'
import { settings } from './settings.ts'

const of = (raw: Record<string, string>, name: string) =>
  describeSettings(raw).find((view) => view.name === name)

test('of every secret a fingerprint is shown, and nothing of its value', () => {
  const secrets = Object.entries(settings).filter(([, { type }]) => type === 'secret')
  expect(secrets.length).toBeGreaterThan(8)
  const raw = Object.fromEntries(
    secrets.map(([name]) => [name, 'smtps://user:hunter2hunter2@host']),
  )
  const views = describeSettings(raw).filter(({ isSecret }) => isSecret)
  expect(views.map(({ name }) => name)).toEqual(secrets.map(([name]) => name))
  for (const { value } of views) expect(value).toMatch(/^[0-9a-f]{8}$/)
  // The same value elsewhere looks different, another value too.
  expect(new Set(views.map(({ value }) => value)).size).toBe(views.length)
  const first = views.find(({ name }) => name === 'PDS_ADMIN_PASSWORD')?.value
  const changed = (name: string) =>
    of({ ...raw, [name]: 'another value' }, 'PDS_ADMIN_PASSWORD')?.value
  expect(changed('PDS_ADMIN_PASSWORD')).not.toBe(first)
  expect(changed('PDS_JWT_SECRET')).toBe(first)
  // Without the other secret nobody can try guesses on it.
  expect(changed('PDS_KEY_SECRET')).not.toBe(first)
})

test('credentials in addresses are left out', () => {
  const url = 'https://me:hunter2@plc.test/x?token=hunter2'
  expect(of({ PDS_DID_PLC_URL: url }, 'PDS_DID_PLC_URL')?.value).toBe('https://…@plc.test/x?…')
  const unescaped = 'https://me:hunter2@hunter3@plc.test'
  expect(of({ PDS_DID_PLC_URL: unescaped }, 'PDS_DID_PLC_URL')?.value).toBe('https://…@plc.test')
  const list = 'https://a:hunter2@one.test?k=hunter2, https://b:hunter2@two.test'
  expect(of({ PDS_CRAWLERS: list }, 'PDS_CRAWLERS')?.value).toBe(
    'https://…@one.test?…, https://…@two.test',
  )
})

test('what is not set says what applies instead, and long values are cut', () => {
  expect(of({ PDS_HOSTNAME: '' }, 'PDS_HOSTNAME')).toMatchObject({
    value: undefined,
    otherwise: 'localhost',
    group: 'Host',
  })
  expect(of({ PDS_CRAWLERS: 'x'.repeat(5000) }, 'PDS_CRAWLERS')?.value).toHaveLength(301)
})
