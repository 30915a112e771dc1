import { chownSync, linkSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { takeLock, withSettingsLock } from './folder-lock.ts'
import { LOCK, SETTINGS_LOCK } from './private-data.ts'

const makeFolder = () => mkdtempSync(join(tmpdir(), 'cumulus-'))

test('settings are changed by one command at a time, and the lock is given back whatever happens', async () => {
  const folder = makeFolder()
  await withSettingsLock(folder, async () => {
    await expect(withSettingsLock(folder, async () => undefined)).rejects.toThrow(
      'Another command is changing the settings or secrets',
    )
  })
  const failing = withSettingsLock(folder, () => Promise.reject(new Error('it failed')))
  await expect(failing).rejects.toThrow('it failed')
  expect(await withSettingsLock(folder, async () => 'done')).toBe('done')
})

test('what is no lock gets a sentence that helps', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, SETTINGS_LOCK), 'something that somebody has put here')
  await expect(takeLock(folder, SETTINGS_LOCK, 'taken')).rejects.toThrow(
    `${SETTINGS_LOCK} is no lock, but something else: remove it`,
  )
})

test.skipIf(process.getuid?.() !== 0)(
  'what root locks, the owner of the folder can lock',
  async () => {
    const folder = makeFolder()
    chownSync(folder, 12345, 12345)
    const free = await takeLock(folder, SETTINGS_LOCK, 'taken')
    free()
    const { uid, gid, mode } = statSync(join(folder, SETTINGS_LOCK))
    expect([uid, gid, mode & 0o777]).toEqual([12345, 12345, 0o600])
  },
)

test.skipIf(process.getuid?.() !== 0)(
  'what the owner of the folder has put in place of a lock stays root’s',
  async () => {
    const [folder, elsewhere] = [makeFolder(), join(makeFolder(), 'root’s')]
    chownSync(folder, 12345, 12345)
    writeFileSync(elsewhere, '')
    symlinkSync(elsewhere, join(folder, SETTINGS_LOCK))
    await expect(takeLock(folder, SETTINGS_LOCK, 'taken')).rejects.toThrow('is a symbolic link')
    linkSync(elsewhere, join(folder, LOCK))
    ;(await takeLock(folder, LOCK, 'taken'))()
    expect(statSync(elsewhere).uid).toBe(0)
  },
)
