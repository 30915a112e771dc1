/** Tells the server what workerd does not know: how much room its disk has, and how it does itself; and syncs files of blobs. */
import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostFacts } from '../../src/kernel/host-facts.ts'
import { BlobSync } from './blob-sync.ts'
import { startUnixService, type UnixService } from './unix-service.ts'

/** What is known of the process that serves. */
export interface ServingProcess {
  /** undefined: it does not run yet. */
  pid: number | undefined
  restarts: number
  /** ms since the epoch. */
  startedAt: number
}

/**
 * Answers each request with the bytes that are free where `folder` is, in decimal digits; `/facts` with all there is;
 * `/sync/<key>` when the file of that blob would be there after a power cut.
 */
export const startDiskSpace = (
  folder: string,
  serving: () => ServingProcess,
): Promise<UnixService> => {
  const blobs = new BlobSync(join(folder, 'blobs'))
  const answer = async (url = '/') => {
    if (url.startsWith(SYNC)) return blobs.sync(url.slice(SYNC.length))
    return url === '/facts' ? facts(folder, serving()) : free(folder)
  }
  return startUnixService('disk', ({ url }, response) => {
    answer(url).then(
      (text) => (text === undefined ? response.writeHead(204).end() : response.end(text)),
      () => response.writeHead(500).end(),
    )
  })
}

const SYNC = '/sync/'

async function free(folder: string): Promise<string> {
  const { bavail, bsize } = await statfs(folder)
  return String(bavail * bsize)
}

async function facts(
  folder: string,
  { pid, restarts, startedAt }: ServingProcess,
): Promise<string> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return JSON.stringify({
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    residentBytes: pid === undefined ? null : await residentBytes(pid),
    restarts,
    startedAt,
  } satisfies HostFacts)
}

/** null: this system does not say. */
async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}
