import { expect, test } from 'vitest'
import { quotaWords } from './read.ts'

test('limits are said in the units in which they are typed', () => {
  const quota = { records: 0, repositoryBytes: 500e6, blobBytes: 5e9, uploads: 0, uploadBytes: 0 }
  expect(quotaWords(quota)).toBe('any number of records, 500 MB of repository, 5 GB of blobs')
})
