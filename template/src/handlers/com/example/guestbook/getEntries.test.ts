import { callAs, makeAccount } from 'cumulus/testing'
import { expect, test } from 'vitest'

test('what was written into the guestbook is read from it', async () => {
  const owner = await makeAccount()
  await callAs(owner, 'com.atproto.repo.createRecord', {
    repo: owner.did,
    collection: 'com.example.guestbook.entry',
    record: { message: 'hello', createdAt: new Date().toISOString() },
  })
  const query = `com.example.guestbook.getEntries?owner=${owner.handle}`
  const answer = await callAs(owner, query)
  expect(await answer.json()).toEqual({
    entries: [{ uri: expect.stringContaining(owner.did), message: 'hello' }],
  })
})
