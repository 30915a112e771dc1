import { expect, test } from 'vitest'
import { quotaOfForm } from './quota.ts'

test('limits are typed as in the command: with a unit, 0 for no limit, empty for the host’s', () => {
  const form = { records: '5M', repositoryBytes: '0', blobBytes: ' 50gb ', uploads: '' }
  expect(quotaOfForm(form)).toEqual({
    records: 5_000_000,
    repositoryBytes: 0,
    blobBytes: 50_000_000_000,
    uploads: null,
    uploadBytes: null,
  })
})

test.each(['many', '-1', '1.5', '5 M', '99999999999T'])('%s is no limit', (records) => {
  expect(() => quotaOfForm({ records })).toThrow('Records: type a number, such as')
})
