/** What the directory tells the objects that hold copies of its accounts. */
import type { DirectoryPlace } from '../kernel/directory-shards.ts'
import type {
  AccountChangesPage,
  CopiedPage,
  CopyPosition,
} from '../storage/directory/account-changes.ts'
import type { Answer } from './answer.ts'
import type { ChangesReport } from './directory-division.ts'

export interface AccountChangesRpc {
  /** @param position undefined: nothing was copied yet */
  since(position: CopyPosition | undefined): Answer<AccountChangesPage>
  /** How large the directory is, and how far copies with these positions are behind. Reads two rows for each. */
  report(positions: readonly (CopyPosition | undefined)[]): Answer<ChangesReport>
  /** Looks through some accounts, in order of their DIDs, after `cursor`, for those with a name that belongs to an object. */
  page(cursor: string, place: DirectoryPlace): Answer<CopiedPage>
}
