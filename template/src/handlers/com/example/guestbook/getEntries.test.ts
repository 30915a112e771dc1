import { call, createRecord, makeAccount } from 'cumulus/testing'
import { expect, test } from 'vitest'

test('what was written into the guestbook is read from it', async () => {
  const owner = await makeAccount()
  const { uri } = await createRecord(owner, 'com.example.guestbook.entry', {
    message: 'hello',
    createdAt: new Date().toISOString(),
  })
  const { entries } = await call(undefined, 'com.example.guestbook.getEntries', {
    params: { owner: owner.handle },
  })
  expect(entries).toEqual([{ uri, message: 'hello' }])
})
