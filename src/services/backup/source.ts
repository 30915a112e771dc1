/**
 * What a backup asks of a host: by HTTP from outside (`cli/backup/host-client.ts`), or from within the Worker
 * (`src/services/backup/own-host.ts`). Paths are those below `/operator/` (`src/web/operator/backup.ts`).
 *
 * @throws RefusedError what the host refuses, BackupError and others
 */
export interface BackupSource {
  /** JSON in, JSON out. */
  command<T>(path: string, body?: object): Promise<T>
  /** JSON in, bytes out, which are read as they come. */
  commandStream(path: string, body: object): Promise<AsyncIterable<Uint8Array>>
  /** A query by XRPC. */
  query(nsid: string, params: Record<string, string>): Promise<AsyncIterable<Uint8Array>>
}
