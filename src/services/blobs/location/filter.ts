/**
 * Finds out where an image was taken from its metadata, and takes that out, while it streams by.
 *
 * The libraries there are read metadata only (exifr), want the whole file in memory and know JPEG only
 * (piexifjs), or cut all EXIF data out, orientation included, so that photos lie on their side
 * (exif-be-gone). This changes bytes in place: the file keeps its length, its orientation, its colour
 * profile, and memory holds one metadata chunk (`MAX_METADATA` at most).
 */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { walkJpeg } from './jpeg.ts'
import { walkPng } from './png.ts'
import { hasText, type Walk, Walker } from './walk.ts'
import { walkWebp } from './webp.ts'

/** What happens to images that say where they were taken: nothing, it is taken out, or a refusal. */
export type LocationPolicy = 'allow' | 'strip' | 'reject'

/** One upload's way through the policy `strip` or `reject`. */
export class LocationFilter {
  readonly #policy: LocationPolicy
  readonly #walker = new Walker(walkImage(() => this.#found()))

  constructor(policy: LocationPolicy) {
    this.#policy = policy
  }

  /**
   * Takes in a piece, or undefined at the end, and returns what may go on: as many bytes in all as
   * came in. Files other than JPEG, PNG and WebP pass as they are.
   *
   * @throws InvalidRequestError for a location where the policy is `reject`
   */
  push(piece: Uint8Array | undefined): Uint8Array {
    return piece ? this.#walker.push(piece) : this.#walker.end()
  }

  #found(): void {
    if (this.#policy !== 'reject') return
    throw new InvalidRequestError(
      'The image says where it was taken, which this server does not accept: remove the location ' +
        '(GPS, place names) from its metadata and upload it again',
    )
  }
}

/** Calls `found` for each piece of metadata with a location; it is gone from the bytes then. */
export function* walkImage(found: () => void): Walk {
  const start = yield { peek: 12 }
  if (hasText(start, '\xff\xd8\xff')) yield* walkJpeg(found)
  else if (hasText(start, '\x89PNG\r\n\x1a\n')) yield* walkPng(found)
  else if (hasText(start, 'RIFF') && hasText(start, 'WEBP', 8)) yield* walkWebp(found)
}
