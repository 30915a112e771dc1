/** Tells the server how much room its disk has, which workerd does not know. */
import { statfs } from 'node:fs/promises'
import { startUnixService, type UnixService } from './unix-service.ts'

/** Answers each request with the bytes that are free where `folder` is, in decimal digits. */
export const startDiskSpace = (folder: string): Promise<UnixService> =>
  startUnixService('disk', (_, response) => {
    statfs(folder).then(
      ({ bavail, bsize }) => response.end(String(bavail * bsize)),
      () => response.writeHead(500).end(),
    )
  })
