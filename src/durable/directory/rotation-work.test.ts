import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { RESERVED_KEY } from '../../services/accounts/reserve-signing-key.ts'
import { MailQueue } from '../../storage/directory/mail-queue.ts'
import { Mailings } from '../../storage/directory/mailings.ts'
import { ReleasedNames } from '../../storage/directory/released-names.ts'
import { ReservedKeys } from '../../storage/directory/reserved-keys.ts'
import { SecretFingerprintStore } from '../../storage/directory/secret-fingerprints.ts'
import { newRun, SecretRotationStore } from '../../storage/directory/secret-rotations.ts'
import { standIn } from '../../testing/stand-in.ts'
import { MailSender, QUEUED_MAIL } from './mail-sender.ts'
import { type Outcome, RotationJob, type RotationWork } from './rotation-job.ts'
import { openOlderSecrets, rewrapKeys } from './rotation-work.ts'
import { Secrets } from './secrets.ts'

const [OLD, NEW] = ['the former key secret', 'the next key secret']
const BYTES = new TextEncoder().encode('something')

let made = 0

const inDirectory = (work: (storage: DurableObjectStorage) => Promise<void>) => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName(`rotation ${made++}`))
  return runInDurableObject(stub, (_, { storage }) => work(storage))
}

test('mails that wait, messages to all, reserved keys and names of the past are read under the next secret', () =>
  inDirectory(async ({ sql, kv }) => {
    const [queue, mailings, keys] = [new MailQueue(sql), new Mailings(sql), new ReservedKeys(sql)]
    const store = new SecretRotationStore(kv)
    const rules = { cooldown: 60_000, domains: ['.test'] }
    const before = new ReleasedNames(sql, { ...rules, secret: OLD })
    before.releaseHandle('gone.test', 'did:web:gone.test')
    before.retireDid('did:web:gone.test')
    const sender = standIn<MailSender>(
      new MailSender({ queue, transport: undefined, secrets: [OLD], log: vi.fn() }),
    )
    const mail = { from: 'a@b.test', to: 'c@d.test', subject: 'Hi', text: 'x', html: '' }
    for (let n = 0; n < 150; n++) queue.add(await sender.seal(mail, 'a test', 60_000))
    mailings.add('all', await encrypt(OLD, QUEUED_MAIL, BYTES))
    keys.add({ signingKey: 'did:key:z', sealed: await encrypt(OLD, RESERVED_KEY, BYTES) }, null)

    const config = { keySecret: NEW, otherKeySecret: OLD }
    const objects = { account: vi.fn() }
    const work = rewrapKeys({ config, objects, store, released: before, queue, mailings, keys })
    expect(await work.begin()).toBe(true)
    expect(await work.begin()).toBe(false)

    for (const { sealed } of queue.sealed(200, '')) await decrypt(NEW, QUEUED_MAIL, sealed)
    expect(queue.sealed(200, '')).toHaveLength(150)
    await decrypt(NEW, QUEUED_MAIL, mailings.next()?.sealed ?? BYTES)
    await decrypt(NEW, RESERVED_KEY, keys.find('signingKey', 'did:key:z')?.sealed ?? BYTES)
    const older = await openOlderSecrets(store, { keySecret: NEW })
    const after = new ReleasedNames(sql, { ...rules, secret: NEW, olderSecrets: () => older })
    expect(after.isKept('gone.test')).toBe(true)
    expect(after.isKept('gone.test', 'did:web:gone.test')).toBe(false)
    expect(after.isRetired('did:web:gone.test')).toBe(true)
    expect(new ReleasedNames(sql, { ...rules, secret: NEW }).isRetired('did:web:gone.test')).toBe(
      false,
    )
    after.takeHandle('gone.test')
    expect(after.isKept('gone.test')).toBe(false)
  }))

test('a change is over after a pass in which there was nothing to do, and tells who holds it up', () =>
  inDirectory(async ({ kv }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
    const store = new SecretRotationStore(kv)
    store.put('key', { ...newRun(), formerSealed: BYTES })
    const dids = Array.from({ length: 250 }, (_, n) => `did:web:${String(n).padStart(3, '0')}.test`)
    const accounts = {
      everyDid: (limit: number, after: string) => dids.filter((did) => did > after).slice(0, limit),
      countEvery: () => dids.length,
    }
    const done = new Set<string>()
    let broken = 'did:web:120.test'
    const work: RotationWork = {
      name: 'key',
      isPossible: true,
      atOnce: 7,
      begin: async () => false,
      change: async (did): Promise<Outcome> => {
        if (did === broken) throw new Error('it cannot be read')
        if (done.has(did)) return 'nothing'
        done.add(did)
        return 'changed'
      },
    }
    const job = () => new RotationJob(work, store, accounts)
    await job().run()
    expect(store.get('key')).toMatchObject({
      pass: 1,
      changed: 249,
      failures: 1,
      failed: [{ did: broken, why: 'it cannot be read' }],
      finishedAt: null,
      formerSealed: BYTES,
    })
    expect(job().due()).toBe(1_060_000)
    broken = ''
    vi.setSystemTime(1_060_000)
    await job().run()
    expect(store.get('key')).toMatchObject({ pass: 3, changed: 250, failures: 0 })
    expect(store.get('key')?.finishedAt).not.toBeNull()
    expect(job().due()).toBeUndefined()
    expect(new RotationJob({ ...work, isPossible: false }, store, accounts).due()).toBeUndefined()
    vi.useRealTimers()
  }))

test('what is restored is gone through again, also where a change was over, while both secrets are at hand', () =>
  inDirectory(async (storage) => {
    const store = new SecretRotationStore(storage.kv)
    const over = { ...newRun(), total: 3, done: 3, pass: 2, changed: 3, finishedAt: Date.now() }
    const since = Date.now() + 60_000
    store.put('key', { ...over, since, formerSealed: BYTES })
    const plc = { ...over, formerKey: 'did:key:z' }
    store.put('plc', plc)
    const start = vi.fn()
    const isPossible = (name: string) => name === 'key'
    const jobs = { isPossible, start }
    new Secrets(storage, new SecretFingerprintStore(storage), store, jobs).again(['key', 'plc'])
    const begun = store.get('key')
    expect(begun).toEqual({ ...newRun(), since: expect.any(Number), formerSealed: BYTES })
    // By which a batch that is under way sees that it is not this one's.
    expect(begun?.since).not.toBe(since)
    // Without the other one it could not be ended, and the host would not start.
    expect(store.get('plc')).toEqual(plc)
    expect(start.mock.calls).toEqual([['key']])
  }))
