/**
 * Takes the location out of Photoshop image resources in place; IPTC data in JPEG files comes in them
 * (Adobe Photoshop File Formats Specification, Image Resource Blocks).
 */
import { blankDatasets } from './iptc.ts'
import { removeGps } from './tiff.ts'
import { hasText } from './walk.ts'
import { blankXmp } from './xmp.ts'

const RESOURCE = { iptc: 0x0404, exif: 0x0422, exif3: 0x0423, xmp: 0x0424 } as const

/** @returns whether there was a location in any of the resources */
export function blankResources(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let found = false
  let at = 0
  while (hasText(bytes, '8BIM', at) && at + 12 <= bytes.byteLength) {
    const id = view.getUint16(at + 4)
    // A name with its length before it, and the content, are padded to an even size.
    const name = even(1 + view.getUint8(at + 6))
    const sizeAt = at + 6 + name
    if (sizeAt + 4 > bytes.byteLength) break
    const start = sizeAt + 4
    const end = start + view.getUint32(sizeAt)
    if (end > bytes.byteLength) break
    if (blankResource(id, bytes.subarray(start, end))) found = true
    at = even(end)
  }
  return found
}

function blankResource(id: number, content: Uint8Array): boolean {
  if (id === RESOURCE.iptc) return blankDatasets(content)
  if (id === RESOURCE.exif || id === RESOURCE.exif3) return removeGps(content)
  return id === RESOURCE.xmp && blankXmp(content)
}

const even = (size: number): number => size + (size & 1)
